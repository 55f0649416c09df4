"""The command: fakeproof analyze | case | index | fit | kit | demo."""

from fakeproof.command import main

if __name__ == "__main__":
    raise SystemExit(main())
