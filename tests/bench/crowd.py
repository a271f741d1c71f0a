"""One deal, many people moving it at once over HTTP: every move that was answered is in the log, once."""

import http.client
import random
import re
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.bench.served import TOKEN, signed_in

LOOK = 0.5  # seconds at most until somebody who came too late tries again
CARD = re.compile(r'class="card[^>]* data-version="(\d+)" data-stage="(\d+)"')


@dataclass
class Tally:
    """What the people were answered, and which of their moves were."""

    statuses: Counter = field(default_factory=Counter)
    answered: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, status: int, key: str, took: float) -> None:
        with self.lock:
            self.statuses[status] += 1
            self.seconds.append(took)
            if 200 <= status < 300:
                self.answered.append(key)

    def strange(self) -> str:
        """An answer that is neither a move nor a refusal; the crowd goes home."""
        return next((str(status) for status in self.statuses if status not in (200, 409)), "")

    def moves(self) -> int:
        with self.lock:
            return len(self.answered)


def crowd(port: int, *, sessions: int = 16, moves: int = 1000) -> dict:
    """Let so many people move one deal until so many moves have succeeded; answers figures and faults."""
    from deals.models import Deal
    from pipeline_crm.foundation.stage_log import discrepancies
    from tests.factories import ago, make_deal, make_pipeline, make_team, make_user

    team = make_team()
    people = [make_user(name=f"Mover {n}", team=team, role="manager") for n in range(sessions)]
    deal = make_deal(pipeline=make_pipeline(), owner=people[0], team=team, by=people[0], at=ago(1))
    stages = list(deal.pipeline.stages.filter(kind="open").values_list("pk", flat=True))
    tally = Tally()
    began = time.perf_counter()
    threads = [
        threading.Thread(target=_move_about, args=(port, signed_in(person), deal, stages, moves, tally, seed))
        for seed, person in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    known = Counter(str(key) for key in deal.events.exclude(move_id=None).values_list("move_id", flat=True))
    return {
        "moves": tally.moves(),
        "sessions": sessions,
        "seconds": took,
        "statuses": dict(tally.statuses),
        "p95_ms": 1000 * sorted(tally.seconds)[int(0.95 * len(tally.seconds))],
        "missing": [key for key in tally.answered if known[key] != 1],
        "unasked": [key for key in known if key not in set(tally.answered)],
        "gaps": deal.events.count() - 1 - tally.moves(),
        "discrepancies": list(discrepancies(Deal)),
    }


def _move_about(port, cookies, deal, stages, moves, tally, seed) -> None:
    """One person: moves the deal from where they last saw it, and looks at what came back."""
    chance = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {
        "Cookie": cookies, "X-CSRFToken": TOKEN, "HX-Request": "true",
        "HX-Current-URL": f"http://127.0.0.1:{port}/sales/{deal.pipeline_id}/",
        "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    version, stage = deal.version, deal.stage_id
    while tally.moves() < moves and not tally.strange():
        key = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        to = chance.choice([pk for pk in stages if pk != stage])
        began = time.perf_counter()
        body = urlencode({"to": to, "version": version, "move_id": key, "request_id": key})
        connection.request("POST", f"/deals/{deal.pk}/stage/", body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        tally.note(answer.status, key, time.perf_counter() - began)
        if seen := CARD.search(text):
            version, stage = int(seen.group(1)), int(seen.group(2))
        if answer.status == 409:
            time.sleep(chance.uniform(0, LOOK))


def main(port: int) -> None:
    """Print what came of a thousand moves of sixteen people."""
    figures = crowd(port)
    refused = figures["statuses"].get(409, 0)
    faults = {name: figures[name] for name in ("missing", "unasked", "gaps", "discrepancies") if figures[name]}
    rate = figures["moves"] / figures["seconds"]
    print(
        f"{figures['sessions']} people moved one deal {figures['moves']:,} times: {rate:.0f} moves/s, "
        f"{refused:,} told that somebody was quicker, p95 {figures['p95_ms']:.0f} ms; "
        f"{'every answered move is in the log once' if not faults else f'FAULTS: {faults}'}",
        flush=True,
    )
