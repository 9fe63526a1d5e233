"""splink as its own demonstrations set it up for these two sets: blocking rules, comparisons, training."""

import logging
import warnings
from typing import Any

import numpy as np
import polars as pl

LINKED = 0.5


def splink_clusters(name: str, frame: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The cluster of each row by splink; `frame` has `unique_id`."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    if name == "fake_1000":
        rules: list[Any] = [block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email")]
        compared: list[Any] = [
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ]
        sure: list[Any] = [block_on("first_name", "dob"), block_on("email")]
        training = [block_on("dob"), block_on("first_name", "surname")]
    else:
        rules = [
            block_on("soc_sec_id"), block_on("given_name"), block_on("surname"), block_on("date_of_birth"),
            block_on("postcode", "substr(surname, 1, 1)"),
        ]  # fmt: skip
        compared = [
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [2]).configure(term_frequency_adjustments=True),
        ]
        sure = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
        training = [block_on("date_of_birth"), block_on("given_name", "surname")]
    settings = SettingsCreator(
        link_type="dedupe_only", blocking_rules_to_generate_predictions=rules, comparisons=compared
    )
    api = DuckDBAPI()
    linker = Linker(api.register(frame.to_arrow()), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for rule in training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=0.01)
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=LINKED)
    rows = found.as_record_list()
    cluster = {str(r["unique_id"]): r["cluster_id"] for r in rows}
    labels = [str(cluster[str(u)]) for u in frame["unique_id"]]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
