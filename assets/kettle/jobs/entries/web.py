"""Entries over HTTP: fetch or post a file, is a service there."""

import httpx

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.files.passwords import reveal
from assets.kettle.formats.http_client import client, reason, shown
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import result_rows, stamp
from assets.kettle.jobs.places import Place


class Http(JobEntry):
    """Fetches an address into a file, once or once per row; with a file to send it posts that one."""

    types = ("HTTP",)

    def execute(self, result: Result, nr: int) -> Result:
        """Fetches; the first that fails ends it."""
        for url, upload, target in self._wanted(result):
            self._one(result, url, upload, target)
        return self.done(result)

    def _wanted(self, result: Result) -> list[tuple[str, str, str]]:
        own = (self.text("url"), self.text("uploadfilename"), self.text("targetfilename"))
        if not self.options.flag("run_every_row"):
            return [own]
        names = result.rows.layout.names
        found = []
        tags = (("url_fieldname", "URL"), ("upload_fieldname", "UPLOAD"), ("dest_fieldname", "DESTINATION"))
        for row in result_rows(result):
            values = []
            for (tag, usual), default in zip(tags, own, strict=True):
                name = self.text(tag, default=usual)
                values.append(row[names.index(name)] if name in names else default)
            found.append((values[0], values[1], values[2]))
        return found

    def _target(self, path: str) -> Place:
        if self.options.flag("date_time_added"):
            end = self.text("targetfilename_extension", "targetfilename_extention")
            path += f"_{stamp('yyyyMMdd')}_{stamp('HHmmss')}.{end}"
        return Place(path)

    def _one(self, result: Result, url: str, upload: str, path: str) -> None:
        target = self._target(path)
        headers = {
            self.resolve(o.text("header_name")): self.resolve(o.text("header_value"))
            for o in self.options.rows("headers/header")
            if o.text("header_name")
        }
        host, port = self.text("proxy_host"), self.text("proxy_port")
        session = client(
            user=self.text("username"),
            password=reveal(self.text("password")),
            proxy=f"http://{host}:{port or '80'}" if host else "",
            verify=not self.options.flag("ignore_ssl"),
        )
        try:
            with session, target.writing(append=self.options.flag("file_appended")) as stream:
                body = None
                if upload:
                    with Place(upload).open() as source:
                        body = source.read()
                with session.stream("POST" if upload else "GET", url, headers=headers, content=body) as answer:
                    answer.raise_for_status()
                    for piece in answer.iter_bytes():
                        stream.write(piece)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise KettleError(f"entry {self.name!r}: {shown(url)}: {reason(error)}", "check the address") from error
        if self.options.flag("addfilenameresult", default=True):
            self.add_file(result, target.text)


class WebService(JobEntry):
    """True when an address answers with success within the time limits (milliseconds; 0 is none)."""

    types = ("WEBSERVICE_AVAILABLE",)

    def execute(self, result: Result, nr: int) -> Result:
        """Asks once."""
        url = self.text("url")
        connect, read = self.integer("connectTimeOut"), self.integer("readTimeOut")
        try:
            with client(timeout=read / 1000 or 3600.0, connect=connect / 1000 or 60.0) as session:
                with session.stream("GET", url) as answer:
                    answer.raise_for_status()
                return self.done(result)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.log(f"{shown(url)}: {reason(error)}", "ERROR")
            return self.done(result, False, 1)
