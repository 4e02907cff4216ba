"""Time natrode and its peers side by side in one run: `python -m benchmarks [NAME[:PART] ...]`."""

import importlib
import pkgutil
import sys

import benchmarks


def main() -> None:
    names = sys.argv[1:] or [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name.startswith("bench_")]
    for wanted in names:
        name, *parts = wanted.split(":")
        module = importlib.import_module(f"benchmarks.{name if name.startswith('bench_') else 'bench_' + name}")
        print(f"\n== {module.__doc__.splitlines()[0]}")
        for row in module.run(*parts):
            print("   " + row)


main()
