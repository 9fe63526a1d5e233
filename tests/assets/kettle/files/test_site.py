"""What a site sets outside the files."""

import json
from pathlib import Path

from assets.kettle.files.read import read_transformation
from assets.kettle.files.site import hop_project, kettle_home, known_connections, site_variables


def test_home() -> None:
    assert kettle_home({"KETTLE_HOME": "/srv/etl"}) == Path("/srv/etl/.kettle")
    assert kettle_home({}) == Path.home() / ".kettle"


def test_variables_come_from_kettle_properties_and_the_kettle_environment(tmp_path: Path) -> None:
    (tmp_path / "kettle.properties").write_text("DB=dw\nKETTLE_X=file\n")
    variables = site_variables(tmp_path, {"KETTLE_X": "environment", "PATH": "/bin"})
    assert [variables.get(name) for name in ("DB", "KETTLE_X", "PATH")] == ["dw", "environment", None]
    assert site_variables(tmp_path / "none", {}).get("DB") is None


def test_the_files_own_connection_wins(tmp_path: Path) -> None:
    def connection(name: str, host: str) -> str:
        return f"<connection><name>{name}</name><type>H2</type><server>{host}</server></connection>"

    home = tmp_path / "home"
    home.mkdir()
    shared = "".join(connection(name, "shared") for name in ("a", "b", "c"))
    (home / "shared.xml").write_text(f"<sharedobjects>{shared}</sharedobjects>")
    metadata = tmp_path / "project" / "metadata" / "rdbms"
    metadata.mkdir(parents=True)
    for name in ("a", "b"):
        content = {"name": name, "rdbms": {"H2": {"pluginId": "H2", "hostname": "project"}}}
        (metadata / f"{name}.json").write_text(json.dumps(content))
    path = tmp_path / "project" / "sub" / "t.hpl"
    model = read_transformation(f"<pipeline><info/>{connection('a', 'own')}</pipeline>".encode(), base=path)
    assert hop_project(path) == tmp_path / "project"
    assert {name: c.host for name, c in known_connections(model, home).items()} == {
        "a": "own",
        "b": "project",
        "c": "shared",
    }
    assert list(known_connections(read_transformation(b"<transformation/>"))) == []
