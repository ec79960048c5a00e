"""Regions share a root, and nothing else."""

from pathlib import Path

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.encode import encode_hello
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_appliance.pki.certificates import Material, certify
from sysmon_appliance.pki.files import save_pair
from sysmon_appliance.pki.keys import new_key
from sysmon_appliance.pki.local import LOCAL_REGION
from sysmon_appliance.pki.profiles import AGENT_PROFILE, INTERMEDIATE_PROFILE
from sysmon_appliance.pki.requests import intermediate_request, requested_intermediate
from sysmon_appliance.pki.root_folder import RootFolder
from sysmon_appliance.pki.times import moment
from tests.support.authority import IssuedFiles
from tests.support.ingest_server import listening
from tests.support.pushes import HOST, a_hello
from tests.support.raw_agent import RawAgent, tls_context


def agent_below(root: RootFolder, issuing_region: str, folder: Path) -> IssuedFiles:
    """Certify an agent of the local region with the intermediate of some region."""
    now, key, agent_key = moment(SystemClock()), new_key(), new_key()
    _, peer = requested_intermediate(intermediate_request(key, issuing_region, "agg1"))
    intermediate = Material(root.sign(key.public_key(), peer, profile=INTERMEDIATE_PROFILE, now=now), key)
    agent = Peer(LOCAL_REGION, AGENT, HOST)
    leaf = certify(intermediate, agent_key.public_key(), agent, profile=AGENT_PROFILE, now=now)
    issued = IssuedFiles(folder / "agent.pem", folder / "agent-key.pem", root.authority)
    save_pair(Material(leaf, agent_key, (intermediate.certificate,)), issued.certificate, issued.key, None)
    return issued


def test_an_intermediate_of_another_region_lets_nobody_in(tmp_path: Path) -> None:
    """What another region's intermediate signs is refused, though the root is the same and the identity says ours."""
    answers = {}
    with listening(tmp_path) as listener:
        for region in (LOCAL_REGION, "elsewhere"):
            issued = agent_below(RootFolder(tmp_path / "pki"), region, tmp_path / region)
            agent = RawAgent(listener.port, tls_context(str(issued.authority), issued))
            answers[region] = agent.post("/v1/hello", encode_hello(a_hello()))
            agent.close()
    assert answers[LOCAL_REGION].code != "bad_identity"
    assert (answers["elsewhere"].status, answers["elsewhere"].code) == (403, "bad_identity")
