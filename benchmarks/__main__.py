"""One command for all that is measured: python -m benchmarks --help."""

from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Measures cmixpy and others; results.tsv holds what was found.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
Data = Annotated[str | None, typer.Option("--data", metavar="DIR", help="Where the corpora lie.")]
Specs = Annotated[list[str] | None, typer.Argument(metavar="FILE[:BYTES]|SET …")]
# Modules with arguments of their own, and what they do.
MODULES = {
    "ratio": "Files × levels: bytes, speed, memory; into results.tsv.",
    "readme": "README's tables, from results.tsv.",
    "speed": "One thread against many, decompressing against compressing.",
    "phases": "Nanoseconds per byte by phase of a step.",
    "ablate": "What each part of a level earns: leave one out.",
    "scaling": "Lanes, threads, length, level: into scaling.tsv and RESULTS.md.",
    "learning": "Bits per byte over position, with the LSTM mixer and without.",
    "horizons": "What the LSTM mixer gives against lanes and horizon.",
    "pretrain": "Trains the network that a level's LSTM begins with, on texts of yours.",
    "slim": "Makes a level's mixer smaller: without some of the level's parts.",
    "picks": "Your files with each preset by name: is the one that is picked the best?",
    "seeds": "The experiments of the seed projects beside published figures.",
    "gpu": "On an NVIDIA GPU: KB/s, bytes, µs of a step by kernel.",
    "history": "Bytes over the repository's history, from results.tsv.",
}


def _forward(name: str, text: str) -> None:
    settings = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}

    @app.command(name, help=text, context_settings=settings)
    def command(context: typer.Context) -> None:
        from importlib import import_module

        raise typer.Exit(import_module(f"benchmarks.{name}").main(context.args))


for _name, _text in MODULES.items():
    _forward(_name, _text)


@app.command("corpora")
def list_corpora(data: Data = None) -> None:
    """Which files of the registry are here, and are what they must be."""
    from benchmarks import corpora

    missing = 0
    for entry in corpora.registry().values():
        try:
            state = str(corpora.locate(entry.name, corpora.directory(data)))
        except corpora.CorpusError as error:
            state = str(error).partition(": ")[2]
            missing += 1
        print(f"{entry.set:10} {entry.name:34} {entry.size:>13,}  {state}")
    print(f"{missing} of {len(corpora.registry())} are not here")


@app.command("fetch")
def fetch_corpora(specs: Specs, data: Data = None) -> None:
    """Fetch files or sets of the registry that are not here, and verify them."""
    from benchmarks import corpora, fetch

    raise typer.Exit(fetch.main(specs or [], corpora.directory(data)))


@app.command("peers")
def list_peers() -> None:
    """Which peers are on PATH."""
    from benchmarks import programs

    for name, line in programs.known_peers().items():
        found = programs.peer(name)
        if found is None:
            print(f"{name:18} not on PATH ({line['program']})")
        else:
            print(f"{name:18} {found.command[0]}  {found.describe_version()}")


@app.command("compare")
def compare(
    specs: Specs = None,
    program: Annotated[
        list[str] | None, typer.Option(help="A peer's name; default: all on PATH. 'none': none.")
    ] = None,
    level: Annotated[list[int] | None, typer.Option(help="Of cmixpy; default 1, 5 and 6.")] = None,
    threads: Annotated[int | None, typer.Option(help="Of cmixpy; default: all cores.")] = None,
    rounds: Annotated[int, typer.Option(min=1)] = 1,
    append: Annotated[bool, typer.Option(help="Add the runs to results.tsv.")] = True,
    data: Data = None,
) -> None:
    """Run cmixpy and its peers in turn; bytes, time and memory both ways."""
    from benchmarks import compare, corpora, machine
    from benchmarks.data import FILES, find

    pieces, complaints = find(specs or FILES, corpora.directory(data))
    named = [] if program == ["none"] else program
    chosen, absent = compare.chosen_programs(named, level or (1, 5, 6), threads or machine.cores())
    for complaint in (*complaints, *absent):
        typer.echo(complaint, err=True)
    failed = compare.run(pieces, chosen, rounds, append)
    if program is not None:
        failed += absent
    raise typer.Exit(1 if complaints or failed else 0)


@app.command("report")
def report(
    file: Annotated[str | None, typer.Option(help="Print this file's table alone.")] = None,
) -> None:
    """Tables and Pareto plots from results.tsv: COMPARISON.md and plots/."""
    from benchmarks import report, results

    if file is None:
        report.write()
        return
    rows = results.read()
    found = report.figures(rows, file)
    if not found:
        raise typer.BadParameter(f"results.tsv has nothing of {file}")
    print(report.about(rows, file) + "\n\n" + report.size_table(found))


@app.command("freeze")
def freeze() -> None:
    """Today's presets into cmixpy/frozen.txt."""
    from benchmarks import freeze

    freeze.main()


if __name__ == "__main__":
    app()
