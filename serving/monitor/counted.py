"""What stands, for Prometheus: findings by check and severity, and when somebody last looked."""

import logging
from collections import Counter
from datetime import datetime
from pathlib import Path

from features.errors import ContractError
from serving.metrics import FINDINGS, MONITORED
from serving.monitor.chronicle import read
from serving.monitor.finding import Check, Severity

log = logging.getLogger(__name__)


def count_findings(folder: Path) -> None:
    """Set the gauges from the chronicle in a folder; where nobody has looked they stay unset."""
    try:
        chronicle = read(folder)
    except (ContractError, OSError) as broken:
        log.warning("the findings cannot be read: %s", broken)
        return
    if not chronicle.last:
        return
    stands = Counter((each.finding.check, each.finding.severity) for each in chronicle.standing)
    for check in Check:
        for severity in Severity:
            FINDINGS.labels(check.value, severity.value).set(stands[check, severity])
    MONITORED.set(datetime.fromisoformat(str(chronicle.last["at"])).timestamp())
