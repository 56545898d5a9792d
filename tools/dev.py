"""The command line of ./dev: one function a command, each of them a short list of steps."""

import argparse
import sys

import bench
import build
import check
import demo
import docs
import packages
import proof
import servers
import steps
import tests

PRESETS = ["release", "dev", "asan", "tsan"]


def run_setup(options):
    packages.install(packages.BUILD + packages.TEST)
    packages.make_environment()
    servers.install()
    if options.bench:
        bench.setup()


def run_build(options):
    packages.install(packages.BUILD)
    build.build(options.preset)
    program = build.program(options.preset)
    if program.exists():
        steps.say(f"built {program.relative_to(steps.ROOT)}")


def run_test(options):
    packages.install(packages.BUILD + packages.TEST)
    packages.make_environment()
    servers.install()
    build.build(options.preset, tests="ON")
    tests.run(options.preset, options.label, options.quick, options.ctest)


def run_sim(options):
    packages.install(packages.BUILD + packages.TEST)
    build.build(options.preset, target="simulation_tests", tests="ON")
    tests.simulate(options.preset, options.arguments)


def run_check(options):
    packages.install(packages.BUILD + packages.TEST + packages.CHECK)
    check.run(everything=options.all, fix=options.fix, lint=not options.no_lint)


def run_bench(options):
    packages.install(packages.BUILD)
    build.build("release")
    bench.run(options.arguments)


def run_docs(_options):
    packages.install(packages.BUILD)
    build.build("release")
    docs.render(build.program("release"))


def run_demo(options):
    packages.install(packages.BUILD + packages.DEMO)
    build.build("release", target="holdfast")
    demo.run(build.program("release"), keep=options.keep)


def run_proof(options):
    packages.install(packages.BUILD + packages.DEMO)
    build.build("release", target="holdfast")
    proof.run(build.program("release"), options.tree, options.scratch)


def add_command(commands, name, function, text, preset=False):
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(function=function)
    if preset:
        command.add_argument("--preset", choices=PRESETS, default="release")
    return command


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev", description="Builds, tests and shows Holdfast.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = add_command(commands, "setup", run_setup, "install what build and tests need")
    command.add_argument("--bench", action="store_true", help="also the programs measured against")
    add_command(commands, "build", run_build, "build build/<preset>/bin/holdfast", preset=True)
    command = add_command(commands, "test", run_test, "build, and run the tests", preset=True)
    command.add_argument("--quick", action="store_true", help="leave simulation and integration out")
    command.add_argument("--label", action="append", default=[], help="only these (repeatable)")
    command.add_argument("ctest", nargs="*", help="arguments for ctest, after --")
    command = add_command(commands, "check", run_check, "formatting, tests/tidy, clang-tidy")
    command.add_argument("--all", action="store_true", help="clang-tidy on all files, not the changed")
    command.add_argument("--fix", action="store_true", help="format files instead of complaining")
    command.add_argument("--no-lint", action="store_true", help="leave clang-tidy out")
    command = add_command(commands, "sim", run_sim, "run the simulation (sim -- ARGUMENTS)", preset=True)
    command.add_argument("arguments", nargs="*", help="arguments for it, after --")
    command = add_command(commands, "bench", run_bench, "measure, beside other programs")
    command.add_argument("arguments", nargs="*", help="arguments for bench/run.py, after --")
    add_command(commands, "docs", run_docs, "render man pages, completions and docs/reference")
    command = add_command(commands, "demo", run_demo, "back up a real tree, restore and compare it")
    command.add_argument("--keep", action="store_true", help="leave the demo's files in place")
    command = add_command(commands, "proof", run_proof,
                          "back up, damage, repair, prune, restore and compare large trees")
    command.add_argument("tree", nargs="+", help="a directory that doesn't change meanwhile")
    command.add_argument("--scratch", help="where there is room for twice as much")
    return parser.parse_args(arguments)


def main():
    options = parse(sys.argv[1:])
    try:
        options.function(options)
    except steps.StepFailed as failure:
        sys.stdout.flush()
        print(f"./dev: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
