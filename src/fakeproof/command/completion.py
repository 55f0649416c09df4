"""Scripts that complete words in a shell, made of the parser itself."""

from __future__ import annotations

import argparse

from fakeproof.command.asked import DONE, parser

__all__ = ["script"]

_BASH = """_fakeproof() {{
  local words
  case "${{COMP_WORDS[1]}}" in
{cases}
    *) words="{verbs}" ;;
  esac
  COMPREPLY=( $(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}") $(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}") )
}}
complete -o filenames -F _fakeproof fakeproof
"""


def script(asked: argparse.Namespace) -> int:
    """Print the script; ``eval "$(fakeproof completion bash)"`` uses it."""
    verbs = _verbs(parser())
    print(_fish(verbs) if asked.shell == "fish" else _bash(verbs, zsh=asked.shell == "zsh"), end="")
    return DONE


def _verbs(asking: argparse.ArgumentParser) -> dict[str, list[str]]:
    """Return the verbs, each with its options and further verbs."""
    out = {}
    for action in asking._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, sub in action.choices.items():
                options = [o for a in sub._actions for o in a.option_strings if o.startswith("--")]
                out[verb] = [*_verbs(sub), *options]
    return out


def _bash(verbs: dict[str, list[str]], *, zsh: bool) -> str:
    cases = "\n".join(f'    {verb}) words="{" ".join(words)}" ;;' for verb, words in verbs.items())
    made = _BASH.format(cases=cases, verbs=" ".join(verbs))
    return f"autoload -U +X bashcompinit && bashcompinit\n{made}" if zsh else made


def _fish(verbs: dict[str, list[str]]) -> str:
    lines = [f"complete -c fakeproof -n __fish_use_subcommand -a {verb}" for verb in verbs]
    for verb, words in verbs.items():
        for word in words:
            how = f"-l {word[2:]}" if word.startswith("--") else f"-a {word}"
            lines.append(f"complete -c fakeproof -n '__fish_seen_subcommand_from {verb}' {how}")
    return "\n".join(lines) + "\n"
