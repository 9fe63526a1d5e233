"""The two assets under Dagster: metadata, versions and checks."""

import dagster as dg

from assets.kit import SOURCE_VERSION, VERSION
from assets.knowledge import documents
from assets.knowledge.defs import definitions
from resources.defs import build_resources
from tests.fakes.handbook import Handbook


def run(handbook: Handbook, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    defs = definitions(handbook.settings)
    assert defs.assets is not None
    resources = build_resources(handbook.settings)
    return dg.materialize([*defs.assets], resources=resources, instance=instance, raise_on_error=False)


def metadata(result: dg.ExecuteInProcessResult, node: str) -> dict[str, object]:
    [event] = result.asset_materializations_for_node(node)
    return {name: value.value for name, value in event.metadata.items()}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {e.check_name: e.passed for e in result.get_asset_check_evaluations()}


def test_metadata_counts_and_checks(copied: Handbook) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        first = run(copied, instance)
        assert first.success and checks(first) == {"documents_readable": True, "recall": True}
        read, built = metadata(first, "doc__retail__handbook"), metadata(first, "index__retail__handbook")
        assert (read["documents"], read["parsed"], read["reused"]) == (3, 0, 3)
        assert (built["chunks"], built["embedded"], built["live"]) == (read["chunks"], 0, True)
        assert built[VERSION] == copied.live().version
        assert read[SOURCE_VERSION] == documents.source_version(copied.settings)
        assert "| zh | fused |" in str(built["quality"]) and "| en | dense |" in str(built["quality"])
        assert 2_000 < len(str(built["recall by route"])) < 60_000

        (copied.folder / "bad.pdf").write_bytes(b"%PDF-1.7 broken")
        (copied.folder / "new.md").write_text("# New\n\nA new document.\n")
        second = run(copied, instance)
        assert second.success, "one bad document does not stop the others"
        assert checks(second) == {"documents_readable": False, "recall": True}
        read, built = metadata(second, "doc__retail__handbook"), metadata(second, "index__retail__handbook")
        assert (read["parsed"], read["reused"]) == (2, 3)
        assert "bad.pdf: not a readable PDF" in str(read["errors"])
        assert built["embedded"] == 1


def test_the_blocking_check_keeps_the_former_index_live(copied: Handbook) -> None:
    live = copied.live().version
    (copied.folder / "门店运营常见问题.html").unlink()
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(copied, instance)
    assert checks(result)["recall"] is False and not result.success
    assert metadata(result, "index__retail__handbook")["live"] is False
    assert copied.live().version == live
