"""Material of the trace net's training: photos altered on purpose, changed innocently, and sent as apps send them.

Everything is made on the fly from camera photos that were reduced first, so that no trace of their own saves tells
which part came from where. Pictures are BGR as OpenCV has them.
"""
