"""What a compiler finds in a zmq.h: its macros with their values, its functions, the layout of its types."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

TYPES = {
    "zmq_msg_t": ["_"],
    "zmq_pollitem_t": ["socket", "fd", "events", "revents"],
    "zmq_poller_event_t": ["socket", "fd", "user_data", "events"],
    "zmq_fd_t": [],
}


class Probe:
    """A C compiler together with one directory of headers."""

    def __init__(self, compiler: str, include: str, draft: bool = True) -> None:
        self.base = [compiler, "-x", "c", "-std=gnu11", f"-I{include}"]
        if draft:
            self.base.append("-DZMQ_BUILD_DRAFT_API")

    def _run(self, arguments: list[str], source: str) -> str:
        done = subprocess.run([*self.base, *arguments], input=source, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(self.base + arguments)} failed:\n{done.stderr}")
        return done.stdout

    def macros(self) -> set[str]:
        """Names of the object-like macros with a value that are zmq.h's own."""
        text = self._run(["-dM", "-E", "-"], "#include <zmq.h>\n")
        own = re.findall(r"^#define (ZMQ_\w+|E[A-Z]+) (?!__attribute__)\S", text, re.M)
        # What <errno.h> and the compiler define is there without zmq.h too.
        before = self._run(
            ["-dM", "-E", "-"], "#include <errno.h>\n#include <stdio.h>\n#include <stdint.h>\n#include <signal.h>\n"
        )
        return set(own) - set(re.findall(r"^#define (\w+)", before, re.M))

    def values(self, macros: set[str], types: set[str]) -> dict[str, str]:
        """Values of macros (numbers or strings) and sizes, alignments and offsets of types."""
        lines = ["#include <zmq.h>", "#include <stddef.h>", "#include <stdio.h>"]
        lines += ["static void number (const char *name, long long value)", '{ printf ("%s %lld\\n", name, value); }']
        lines += [
            "static void text (const char *name, const char *value)",
            '{ printf ("%s \\"%s\\"\\n", name, value); }',
        ]
        lines += ["#define show(name, value) _Generic ((value), char *: text, default: number) (name, value)"]
        lines += ["int main (void)", "{"]
        lines += [f'    show ("{macro}", {macro});' for macro in sorted(macros)]
        for name in sorted(types):
            lines += [
                f'    number ("sizeof {name}", sizeof ({name}));',
                f'    number ("alignof {name}", _Alignof ({name}));',
            ]
            for field in TYPES[name]:
                lines.append(f'    number ("{name}.{field} at", offsetof ({name}, {field}));')
                lines.append(f'    number ("{name}.{field} size", sizeof ((({name} *) 0)->{field}));')
        lines += ["    return 0;", "}", ""]
        with tempfile.TemporaryDirectory() as folder:
            program = str(Path(folder) / "probe")
            self._run(["-Wno-int-conversion", "-", "-o", program], "\n".join(lines))
            output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
        return dict(re.findall(r"^(.*) (\S+)$", output, re.M))

    def markers(self) -> set[str]:
        """Names of the macros without a value or with parameters that are zmq.h's own, its guard among them."""
        text = self._run(["-dM", "-E", "-"], "#include <zmq.h>\n")
        return set(re.findall(r"^#define ((?:__)?ZMQ_\w+)(?: *$|\(| __attribute__)", text, re.M))

    def function_types(self) -> dict[str, str]:
        """The types of callbacks, without parameter names, by name."""
        text = self._run(["-E", "-P", "-"], "#include <zmq.h>\n")
        found = re.findall(r"typedef\s+void\s*\(\s*(zmq_\w+)\s*\)\s*\(([^()]*)\)\s*;", text)
        return {name: ", ".join(_types(parameters)) for name, parameters in found}

    def functions(self, header: str = "zmq.h") -> dict[str, str]:
        """Types of the declared functions, without parameter names, by name."""
        text = self._run(["-E", "-P", "-"], f"#include <{header}>\n")
        text = re.sub(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)", "", text)
        found = {}
        for result, name, parameters in re.findall(r"([\w\s*]+?)\b(zmq_\w+)\s*\(([^()]*)\)\s*;", text):
            if "typedef" in result:
                continue
            found[name] = f"{' '.join(re.findall(r'[A-Za-z_0-9]+|[*]', result))} ({', '.join(_types(parameters))})"
        return found


def _types(parameters: str) -> list[str]:
    types = []
    for parameter in parameters.split(","):
        words = re.findall(r"\w+|\*", parameter)
        # The last word is a name unless it is all there is to the type.
        if len(words) > 1 and words[-1] not in ("*", "int", "long", "short", "void", "char"):
            words.pop()
        types.append(" ".join(words))
    return types
