"""splink on the made-up people of linkage_speed."""

import logging
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

THRESHOLDS = (0.5, 0.99, 0.99999)


def splink_people(frame: pl.DataFrame, memory: str, folder: str) -> tuple[dict[float, npt.NDArray[np.int64]], int]:
    """The cluster of each row by threshold, and the pairs above a probability of .01."""
    import duckdb
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    rules: list[Any] = [
        block_on("email"), block_on("phone"), block_on("birth_date"), block_on("given_name", "surname"),
        block_on("address"),
    ]  # fmt: skip
    compared: list[Any] = [
        cl.NameComparison("given_name"),
        cl.NameComparison("surname"),
        cl.DateOfBirthComparison("birth_date", input_is_string=True),
        cl.JaroWinklerAtThresholds("city"),
        cl.JaroWinklerAtThresholds("address"),
        cl.LevenshteinAtThresholds("phone"),
        cl.EmailComparison("email"),
    ]
    settings = SettingsCreator("dedupe_only", comparisons=compared, blocking_rules_to_generate_predictions=rules)
    connection = duckdb.connect(config={"memory_limit": memory, "temp_directory": folder})
    api = DuckDBAPI(connection)
    linker = Linker(api.register(frame.rename({"id": "unique_id"}).to_arrow()), settings, log_level=None)
    sure: list[Any] = [block_on("email"), block_on("phone")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for rule in (block_on("birth_date"), block_on("email")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=0.01)
    order = np.argsort(frame["id"].to_numpy())
    made = {}
    for threshold in THRESHOLDS:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=threshold
        )
        table = clusters.physical_name
        rows = connection.sql(f'SELECT unique_id, cluster_id FROM "{table}" ORDER BY unique_id').fetchnumpy()
        found = np.empty(frame.height, dtype=np.int64)
        found[order] = np.unique(rows["cluster_id"], return_inverse=True)[1]
        made[threshold] = found
    counted = connection.sql(f'SELECT count(*) FROM "{pairs.physical_name}"').fetchall()
    return made, int(counted[0][0])
