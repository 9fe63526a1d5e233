"""Where the walk of a job begins."""

from pathlib import Path

from assets.kettle.files.read import read_job
from assets.kettle.jobs.start import run_job

HOP = """<workflow><name>w</name><actions>
<action><name>Start</name><type>SPECIAL</type><repeat>N</repeat></action>
<action><name>end</name><type>SUCCESS</type></action></actions>
<hops><hop><from>Start</from><to>end</to><enabled>Y</enabled><unconditional>Y</unconditional></hop></hops></workflow>"""
KETTLE = """<job><name>j</name><entries>
<entry><name>nothing</name><type>SPECIAL</type><start>N</start><dummy>Y</dummy></entry>
<entry><name>START</name><type>SPECIAL</type><start>Y</start><dummy>N</dummy></entry></entries><hops/></job>"""


def test_a_hop_workflow_begins_at_its_start_action_which_has_no_mark() -> None:
    job = read_job(HOP.encode(), Path("w.hwf"))
    assert [e.is_start for e in job.entries] == [True, False]
    result, events = run_job(job)
    assert (result.ok, [e.entry for e in events]) == (True, ["Start", "end"])


def test_a_dummy_of_kettle_is_no_start() -> None:
    assert [e.is_start for e in read_job(KETTLE.encode(), Path("j.kjb")).entries] == [False, True]
