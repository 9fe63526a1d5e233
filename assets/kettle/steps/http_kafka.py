"""Kafka consumer and producer."""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import polars as pl

from assets.kettle.engine.result import Result, Rows
from assets.kettle.engine.runtime import execute
from assets.kettle.engine.start import inner_run
from assets.kettle.engine.step import DataSet, Derivation, Ref, RowStep, Step
from assets.kettle.errors import StepError
from assets.kettle.files.passwords import reveal
from assets.kettle.files.read import read_transformation
from assets.kettle.formats.columns import INTEGER_MASK
from assets.kettle.formats.file_list import plain_path
from assets.kettle.values.fields import Field, Layout, ValueType

PARTS = ("key", "message", "topic", "partition", "offset", "timestamp")
WAIT_SECONDS = 30.0


def client_library(step: Step) -> Any:
    """The Kafka library. Raises StepError where it is not installed."""
    try:
        return importlib.import_module("confluent_kafka")
    except ImportError as error:
        raise StepError(step.name, "needs the package confluent-kafka", "install the extra `connectors`") from error


def configuration(step: Step) -> dict[str, str]:
    """Servers and advanced options, Java names as librdkafka knows them; serializers are left out."""
    servers = step.text("directBootstrapServers")
    if not servers:
        raise StepError(step.name, "no bootstrap servers are given", "set a direct connection")
    found = {"bootstrap.servers": servers}
    for tag, option in _options(step):
        value = step.resolve(option)
        if tag and value and not tag.endswith((".serializer", ".deserializer")):
            found[tag] = reveal(value)
    return found


def _options(step: Step) -> Iterator[tuple[str, str]]:
    holder = step.options.element.find("advancedConfig")
    for child in holder if holder is not None else ():
        if child.tag == "option":
            yield (
                child.get("property") or child.findtext("property") or "",
                child.get("value") or child.findtext("value") or "",
            )
        elif isinstance(child.tag, str):
            yield child.tag, child.text or ""


class KafkaConsumer(Step):
    """Reads topics from the group's position to the end that they have when it is reached, then stops.

    Kettle's step never ends; here a run is bounded. With a transformation named, each batch runs it with the messages
    as its result rows and nothing leaves the step; otherwise the messages are its rows. Offsets are committed after
    the rows have been handed on.
    """

    types = ("KafkaConsumerInput", "KafkaConsumer")

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.topics = [self.resolve(t) for t in o.texts("topic") if t]
        self.batch = self.integer("batchSize", default=1000) or 1000
        self.path = self.text("transformationPath", "pipelinePath")
        named = {e.get("kafkaName", "").lower(): e for e in o.element.findall("OutputField")}
        self.parts: list[tuple[str, Field]] = []
        for part in PARTS:
            element = named.get(part)
            if element is not None and element.text:
                kind = ValueType.parse(element.get("type") or "String")
                whole = kind == ValueType.INTEGER
                mask = INTEGER_MASK if whole else None
                name = self.resolve(element.text)
                self.parts.append((part, Field(name, kind, -1, 0 if whole else -1, mask, origin=self.name)))
        if o.text("subStep", "subTransform"):
            raise StepError(self.name, "it takes rows back from its transformation", "write them from there")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Key, message, topic, partition, offset, timestamp."""
        self.layout = Layout(f for _, f in self.parts)
        return Layout() if self.path else self.layout

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Rows that come in only start the step."""

    def produce(self) -> Iterator[pl.DataFrame]:
        """The messages in batches."""
        library = client_library(self)
        settings: dict[str, Any] = {"auto.offset.reset": "earliest"} | configuration(self)
        settings |= {
            "group.id": self.text("consumerGroup") or "heddle",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
        consumer = library.Consumer(settings)
        try:
            consumer.subscribe(self.topics)
            for messages in self._batches(library, consumer):
                frame = self._frame(messages)
                self.count(input=frame.height)
                if self.path:
                    self._run(frame)
                else:
                    yield frame
                consumer.commit(asynchronous=False)
        except library.KafkaException as error:
            raise StepError(self.name, f"cannot read {', '.join(self.topics)}: {error.args[0]}") from error
        finally:
            consumer.close()

    def _batches(self, library: Any, consumer: Any) -> Iterator[list[Any]]:
        ended: set[tuple[str, int]] = set()
        held: list[Any] = []
        since = monotonic()
        while True:
            for message in consumer.consume(self.batch - len(held), 0.5):
                since = monotonic()
                if message.error() is None:
                    held.append(message)
                elif message.error().code() == library.KafkaError._PARTITION_EOF:  # its public name
                    ended.add((message.topic(), message.partition()))
                else:
                    raise library.KafkaException(message.error())
            if len(held) >= self.batch:
                yield held
                held = []
            assigned = {(p.topic, p.partition) for p in consumer.assignment()}
            if (assigned and assigned <= ended) or monotonic() - since > WAIT_SECONDS:
                break
        if held:
            yield held

    def _frame(self, messages: list[Any]) -> pl.DataFrame:
        columns = {field.name: [_part(m, part, field) for m in messages] for part, field in self.parts}
        return pl.DataFrame(columns, schema=self.layout.schema)

    def _run(self, frame: pl.DataFrame) -> None:
        child = read_transformation(Path(plain_path(self.path)))
        outcome = execute(inner_run(self.run, child, previous=Result(rows=Rows(self.layout, frame))))
        if not outcome.ok:
            raise StepError(self.name, f"the transformation {self.path} failed")

    def reads(self) -> list[DataSet]:
        """The topics."""
        names = {part: field.name for part, field in self.parts}
        return [DataSet("file", "", f"kafka://{topic}", names) for topic in self.topics]

    def derive(self) -> dict[str, Derivation]:
        """Each field comes from its part of the message."""
        topic = f"kafka://{self.topics[0]}" if self.topics else ""
        return {} if self.path else {f.name: Derivation((Ref(p, dataset=topic),), "read") for p, f in self.parts}


def _part(message: Any, part: str, field: Field) -> Any:
    values = {"key": message.key, "message": message.value, "topic": message.topic, "partition": message.partition}
    values |= {"offset": message.offset, "timestamp": lambda: message.timestamp()[1]}
    value = values[part]()
    if field.type == ValueType.STRING:
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else None if value is None else str(value)
    if field.type in (ValueType.INTEGER, ValueType.NUMBER) and isinstance(value, bytes):
        return int(value) if field.type == ValueType.INTEGER else float(value)
    return value


class KafkaProducer(RowStep):
    """Sends each row's message; the step ends when the servers have taken all."""

    types = ("KafkaProducerOutput", "KafkaProducer")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays."""
        layout = self.main(inputs)
        o = self.options
        self.message = self.field(layout, o.text("messageField"), "the message field").name
        self.key = self.field(layout, o.text("keyField")).name if o.text("keyField") else ""
        in_field = o.flag("topicInField") or bool(o.text("topicField") and not o.text("topic"))
        self.topic_field = self.field(layout, o.text("topicField")).name if in_field else ""
        return layout

    def start(self) -> None:
        """Connects."""
        settings: dict[str, Any] = dict(configuration(self))
        if self.text("clientId"):
            settings["client.id"] = self.text("clientId")
        self.failures: list[str] = []
        self.producer = client_library(self).Producer(settings)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Sends the rows; waits for the servers' answers at the end of the batch."""
        topics = frame[self.topic_field].to_list() if self.topic_field else [self.text("topic")] * frame.height
        keys = frame[self.key].to_list() if self.key else [None] * frame.height
        for topic, key, value in zip(topics, keys, frame[self.message], strict=True):
            while True:
                try:
                    self.producer.produce(topic, _bytes(value), _bytes(key), on_delivery=self._delivered)
                    break
                except BufferError:
                    self.producer.poll(0.1)
        left = self.producer.flush(WAIT_SECONDS)
        if left or self.failures:
            why = self.failures[0] if self.failures else f"{left} messages were not taken in {WAIT_SECONDS:.0f} s"
            raise StepError(self.name, f"cannot send to Kafka: {why}", "check the servers and the topic")
        self.count(output=frame.height)
        return frame

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self.failures.append(f"{message.topic()}: {error.str()}")

    def writes(self) -> list[DataSet]:
        """The topic."""
        return (
            []
            if self.topic_field
            else [DataSet("file", "", f"kafka://{self.text('topic')}", {"message": self.message})]
        )


def _bytes(value: Any) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else str(value).encode("utf-8")
