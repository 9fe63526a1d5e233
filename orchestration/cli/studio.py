"""`heddle studio`: the pages of the catalogue by hand."""

import click


@click.command()
def studio() -> None:
    """Serve the catalogue's pages in the foreground: list, details, relations and lineage. Ctrl-C ends it.

    On 127.0.0.1 alone, at HEDDLE_STUDIO_PORT. Who opens them is taken to be you: what you write carries your name.

    \b
    Examples:
      heddle studio
      HEDDLE_STUDIO_PORT=8700 heddle studio
    """
    from serving.studio.server import main

    main()
