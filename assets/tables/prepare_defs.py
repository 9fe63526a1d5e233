"""Turns the dbt project into the prepared files: `python -m assets.tables.prepare_defs`, or `heddle dbt prepare`.

This is the build step that imports dbt and dagster-dbt (4 CPU seconds), so that loading the definitions need not.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import get_asset_check_key_for_test
from dbt.contracts.graph.semantic_manifest import SemanticManifest

from assets.tables.dbt_run import Dbt
from assets.tables.prepare_lineage import traced
from assets.tables.specs import FOLDER, PREPARED, SEMANTICS, SPECS, ColumnSpec, ModelSpec, TestSpec, dump
from core.atomic import write_text
from core.errors import HeddleError
from core.hashing import digest
from core.naming import TableName, table_key
from core.settings import load as load_settings


class Translator(DagsterDbtTranslator):
    """Keys by the project's naming rules: the table table_retail.x is the asset table/retail/x."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """The asset key of a model or source."""
        table = dbt_resource_props.get("alias") or dbt_resource_props.get("identifier") or dbt_resource_props["name"]
        return dg.AssetKey(list(table_key(TableName(dbt_resource_props["schema"], table))))


def prepare(folder: Path = PREPARED, project: Path = FOLDER) -> list[Path]:
    """Parse the dbt project and write the specs and the semantic manifest, each by a rename; returns the files.

    Raises:
        StoreError: the project has an error; the message is dbt's own and names the file.
        HeddleError: a test looks at a model that is not built before it.
    """
    with tempfile.TemporaryDirectory(prefix="heddle-dbt-") as scratch:
        # the prepared files must not depend on this machine's settings: a throw-away DuckDB that is never opened
        settings = load_settings({"HEDDLE_HOME": scratch}, Path(scratch))
        parsed = Dbt(settings, project).manifest()
        compiled = Dbt(settings, project).compiled()
        SemanticManifest(parsed).write_json_to_file(str(Path(scratch) / SEMANTICS))
        semantics = json.loads((Path(scratch) / SEMANTICS).read_text(encoding="utf-8"))
    manifest = parsed.writable_manifest().to_dict(omit_none=False)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {SPECS: dump(traced(model_specs(manifest), compiled)), SEMANTICS: _portable(semantics)}
    return [_write(folder / name, text) for name, text in texts.items()]


def model_specs(manifest: Mapping[str, Any]) -> tuple[ModelSpec, ...]:
    """The models of a manifest, upstream first, with the tests that belong to them.

    Stages: `weekly` models are built by partition; what they need comes `before`, what needs them comes `after`.
    """
    translator = Translator()
    nodes = {uid: node for uid, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    upstream = {uid: [d for d in node["depends_on"]["nodes"] if d in nodes] for uid, node in nodes.items()}
    ancestors: dict[str, set[str]] = {}
    for uid in _ordered(upstream):
        ancestors[uid] = {uid}.union(*(ancestors[d] for d in upstream[uid]))
    tests = _tests(manifest, translator, ancestors)
    weekly = {uid for uid, node in nodes.items() if _meta(node).get("weekly")}
    specs = []
    for uid in ancestors:
        node = nodes[uid]
        spec = translator.get_asset_spec(manifest, uid, None)
        required = {c for t in tests.get(uid, ()) for c in _required(manifest["nodes"][t])}
        specs.append(
            ModelSpec(
                name=node["name"],
                key=spec.key.to_user_string(),
                deps=tuple(sorted(d.asset_key.to_user_string() for d in spec.deps)),
                stage="weekly" if uid in weekly else "after" if ancestors[uid] & weekly else "before",
                weekly=uid in weekly,
                area=_meta(node)["area"],
                pii=bool(_meta(node).get("pii")),
                description=" ".join(node["description"].split()),
                materialized=node["config"]["materialized"],
                version=_version(node, manifest),
                file=node["original_file_path"],
                columns=tuple(
                    ColumnSpec(c["name"], c["description"], c["name"] in required) for c in node["columns"].values()
                ),
                tests=tuple(_test(manifest["nodes"][t]) for t in sorted(tests.get(uid, ()))),
            )
        )
    return tuple(specs)


def _ordered(upstream: Mapping[str, Sequence[str]]) -> list[str]:
    from graphlib import TopologicalSorter

    return list(TopologicalSorter({uid: sorted(upstream[uid]) for uid in sorted(upstream)}).static_order())


def _tests(
    manifest: Mapping[str, Any], translator: Translator, ancestors: Mapping[str, set[str]]
) -> dict[str, list[str]]:
    """Model -> its tests. A test may look at its model and at what that is built from, nothing later."""
    owners = {translator.get_asset_spec(manifest, uid, None).key: uid for uid in ancestors}
    found: dict[str, list[str]] = {}
    for uid, node in manifest["nodes"].items():
        if node["resource_type"] != "test":
            continue
        check = get_asset_check_key_for_test(manifest, translator, uid, None)
        owner = owners.get(check.asset_key) if check else None
        seen = [d for d in node["depends_on"]["nodes"] if d in ancestors]
        late = [d for d in seen if owner is None or d not in ancestors[owner]]
        if owner is None or late:
            raise HeddleError(
                f"dbt test {node['name']} ({node['original_file_path']}) looks at {', '.join(late or seen)}, which"
                f" its model {owner} is not built from",
                "name the latest of these models in the test's config: meta: {dagster: {ref: {name: MODEL}}}",
            )
        found.setdefault(owner, []).append(uid)
    return found


def _test(node: Mapping[str, Any]) -> TestSpec:
    described = node.get("description") or ""
    if not described and not node.get("test_metadata"):
        comments = [line.strip()[2:].strip() for line in node["raw_code"].splitlines() if line.strip()[:2] == "--"]
        described = "No rows may be found: " + " ".join(comments)
    if not described:
        kind, arguments = node["test_metadata"]["name"], node["test_metadata"]["kwargs"]
        given = {k: v for k, v in arguments.items() if k != "model"}
        described = f"{kind.replace('_', ' ')}: " + ", ".join(f"{k} {_plain(v)}" for k, v in sorted(given.items()))
    return TestSpec(node["name"], described, node["original_file_path"])


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _required(node: Mapping[str, Any]) -> list[str]:
    about = node.get("test_metadata") or {}
    return list(about["kwargs"]["columns"]) if about.get("name") == "no_nulls" else []


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    return dict(node["config"]["meta"])


def _version(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """Changes with what the model computes, not with how it is described."""
    config = {k: node["config"].get(k) for k in ("materialized", "incremental_strategy", "unique_key", "alias")}
    own = f"macro.{manifest['metadata']['project_name']}."
    macros = _macros(node["depends_on"]["macros"], manifest, own)
    return digest([node["raw_code"], json.dumps(config, sort_keys=True), *(macros[m] for m in sorted(macros))])


def _macros(names: Sequence[str], manifest: Mapping[str, Any], own: str) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = [n for n in names if n.startswith(own)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            macro = manifest["macros"][name]
            found[name] = macro["macro_sql"]
            waiting += [n for n in macro["depends_on"]["macros"] if n.startswith(own)]
    return found


def _portable(semantics: dict[str, Any]) -> str:
    """The semantic manifest without the name of the database, so that it holds for every warehouse."""
    spines = semantics["project_configuration"]["time_spines"]
    for relation in [m["node_relation"] for m in (*semantics["semantic_models"], *spines)]:
        relation["database"] = None
        relation["relation_name"] = f"{relation['schema_name']}.{relation['alias']}"
    return json.dumps(semantics, indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> Path:
    write_text(path, text)
    return path


if __name__ == "__main__":
    try:
        prepare()
    except (HeddleError, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        raise SystemExit(2) from None
