"""The human page of the endpoint server: what is live, and a form that tries it."""

import base64
import hashlib
from collections.abc import MutableMapping, Sequence
from html import escape
from typing import Any, NamedTuple

import orjson

from serving.repository import Served

TEXTS = {
    "en": {
        "title": "Model endpoints",
        "none": "No endpoint yet. Materialize one, for example: heddle run",
        "live": "live version",
        "versions": "versions",
        "column": "column",
        "kind": "kind",
        "meaning": "meaning",
        "send": "Score",
        "request": "Request: named columns, null where a value is not known",
        "shell": "The same from a shell",
        "other": '<a href="/?lang=zh">中文</a>',
    },
    "zh": {
        "title": "模型服务",
        "none": "还没有模型服务。请先生成一个，例如：heddle run",
        "live": "在线版本",
        "versions": "全部版本",
        "column": "列",
        "kind": "类型",
        "meaning": "含义",
        "send": "预测",
        "request": "请求：按列名给值，未知的值写 null",
        "shell": "命令行等价写法",
        "other": '<a href="/?lang=en">English</a>',
    },
}
STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
section{border:1px solid #d5dae1;border-radius:8px;padding:0 1.2rem 1rem;margin:1rem 0}
table{border-collapse:collapse;font-size:13px}td,th{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top}
textarea{width:100%;box-sizing:border-box;font:13px/1.4 ui-monospace,monospace}
pre{background:#f4f6f8;padding:.6rem;overflow:auto;font-size:13px}.bad{color:#a40e26}button{padding:.3rem 1rem}"""
SCRIPT = """for(const form of document.forms)form.addEventListener('submit',async e=>{e.preventDefault();
const out=form.querySelector('output');try{const r=await fetch(form.action,{method:'POST',body:form.q.value});
out.textContent=JSON.stringify(await r.json(),null,1)}catch(x){out.textContent=String(x)}})"""


class Shown(NamedTuple):
    """A model on the page; `served` is None when no version is live, `problem` says why."""

    name: str
    served: Served | None
    versions: list[str]
    problem: str


def language(scope: MutableMapping[str, Any]) -> str:
    """`en` or `zh`: from ?lang=, else from the Accept-Language header."""
    if b"lang=" in scope["query_string"]:
        return "zh" if b"lang=zh" in scope["query_string"] else "en"
    return "zh" if header(scope, b"accept-language").lower().startswith("zh") else "en"


def header(scope: MutableMapping[str, Any], name: bytes) -> str:
    """A request header, empty when it was not sent."""
    return next((v.decode("latin-1") for k, v in scope["headers"] if k == name), "")


def render(models: Sequence[Shown], lang: str, host: str) -> tuple[bytes, bytes]:
    """The page and its content security policy. `host` is the address the visitor used, for the examples."""
    text = TEXTS[lang]
    sections = "".join(_section(model, text, host) for model in models) or f"<p>{escape(text['none'])}</p>"
    page = (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{text["title"]} · Heddle</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<p>{text['other']} · <a href=/metrics>/metrics</a> · <a href=/v2>/v2</a></p><h1>{text['title']}</h1>"
        f"{sections}<script>{SCRIPT}</script></html>"
    )
    script = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; script-src 'sha256-{script}'"
    return page.encode(), policy.encode()


def _section(model: Shown, text: dict[str, str], host: str) -> str:
    problem = f"<p class=bad>{escape(model.problem)}</p>" if model.problem else ""
    versions = escape(", ".join(model.versions))
    if model.served is None:
        return f"<section><h2>{escape(model.name)}</h2>{problem}<p>{text['versions']}: {versions}</p></section>"
    signature = model.served.package.signature
    example = orjson.dumps({"rows": [signature.examples[0]]}).decode()
    rows = "".join(
        f"<tr><td>{escape(i.name)}<td>{i.kind}<td>{escape(i.description or ', '.join(i.categories[:8]))}"
        for i in signature.inputs
    )
    path = f"/predict/{escape(model.name)}"
    quoted = example.replace("'", "'\\''")
    shell = f"curl -s -X POST http://{host}/predict/{model.name} -d '{quoted}'"
    return (
        f"<section><h2>{escape(model.name)}</h2>{problem}"
        f"<p>{text['live']}: <b>{escape(model.served.version)}</b> · {text['versions']}: {versions}</p>"
        f"<form action='{path}'><label>{text['request']}<textarea name=q rows=6>{escape(example)}</textarea></label>"
        f"<p><button>{text['send']}</button></p><pre><output></output></pre></form>"
        f"<p>{text['shell']}</p><pre>{escape(shell)}</pre>"
        f"<table><tr><th>{text['column']}<th>{text['kind']}<th>{text['meaning']}{rows}</table></section>"
    )
