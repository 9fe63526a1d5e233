"""Connections outside the transformation's own file."""

import json
from pathlib import Path

import pytest

from assets.kettle.errors import FileFormatError
from assets.kettle.files.connections import read_hop_metadata, read_jndi, read_shared


def test_shared_objects(tmp_path: Path) -> None:
    path = tmp_path / "shared.xml"
    path.write_text(
        "<sharedobjects><connection><name>s</name><server>h</server><type>POSTGRESQL</type><access>Native</access>"
        "<attributes><attribute><code>PORT_NUMBER</code><attribute>5432</attribute></attribute></attributes>"
        "</connection></sharedobjects>"
    )
    found = read_shared(path)["s"]
    assert (found.type, found.host, found.port) == ("POSTGRESQL", "h", "5432")
    path.write_text("<transformation/>")
    with pytest.raises(FileFormatError, match="not <sharedobjects>"):
        read_shared(path)


def test_hop_metadata(tmp_path: Path) -> None:
    folder = tmp_path / "metadata" / "rdbms"
    folder.mkdir(parents=True)
    details = {
        "databaseName": "db",
        "pluginId": "MYSQL",
        "accessType": 0,
        "hostname": "h",
        "password": "Encrypted x",
        "port": "3306",
        "username": "u",
        "manualUrl": "jdbc:mysql://h/db",
        "attributes": {"QUOTE_ALL_FIELDS": "N"},
    }
    (folder / "m.json").write_text(json.dumps({"rdbms": {"MYSQL": details}, "name": "mine"}))
    found = read_hop_metadata(tmp_path)["mine"]
    assert (found.type, found.access, found.host, found.port, found.user) == ("MYSQL", "Native", "h", "3306", "u")
    assert found.attributes == {"QUOTE_ALL_FIELDS": "N", "CUSTOM_URL": "jdbc:mysql://h/db"}
    assert read_hop_metadata(tmp_path / "elsewhere") == {}
    (folder / "bad.json").write_text("[]")
    with pytest.raises(FileFormatError, match=r"bad\.json"):
        read_hop_metadata(tmp_path)


def test_jndi(tmp_path: Path) -> None:
    path = tmp_path / "jdbc.properties"
    path.write_text(
        "# sources\nSampleData/type=javax.sql.DataSource\nSampleData/url=jdbc:h2:mem:x\nSampleData/user=pw\n"
    )
    assert read_jndi(path) == {"SampleData": {"type": "javax.sql.DataSource", "url": "jdbc:h2:mem:x", "user": "pw"}}
