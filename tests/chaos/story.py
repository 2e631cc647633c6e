"""What is sent: the same events for the same seed, in lanes, each with one wish to Jira."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from bridge.event import JSON

STATUSES = ("In Progress", "To Do")
"""Where a lane's own issue goes in turn; the sandbox's workflow allows both from each other."""

KINDS = {"row": 24, "note": 18, "find": 24, "file": 10, "move": 12, "tell": 12}
"""Of a hundred events, how many are of each kind."""

SHARED = 8
"""Issues that all lanes write to."""

RULES = """\
version: 1
rules:
  - name: ticket
    on: chaos.find
    once_per: data.value
    then:
      - create_ticket:
          id: ticket
          in: jira
          issue_type: Bug
          summary: "[${{ data.value }}] found"
          description: "Seen first in ${{ event.subject }}."
      - comment: {in: jira, ticket: "${{ steps.ticket.key }}", body: "opened ${{ data.value }}"}
  - name: note
    on: chaos.note
    then:
      - comment: {in: jira, ticket: "${{ data.ticket }}", body: "note ${{ data.serial }}"}
  - name: tell
    on: chaos.tell
    when: link.ticket != ""
    then:
      - comment: {in: jira, ticket: "${{ link.ticket }}", body: "told ${{ data.serial }}"}
  - name: row
    on: chaos.row
    then:
      - append_table:
          in: jira
          ticket: ${{ data.ticket }}
          title: ${{ event.subject }}
          columns: [Lane, Serial]
          row: ["${{ event.subject }}", "${{ data.serial }}"]
  - name: file
    on: chaos.file
    then:
      - attach:
          in: jira
          ticket: ${{ data.ticket }}
          filename: report.txt
          content: ${{ data.serial }}
  - name: move
    on: chaos.move
    then:
      - transition: {in: jira, ticket: "${{ data.ticket }}", to: "${{ data.status }}"}
"""


@dataclass(frozen=True, slots=True)
class Deed:
    """One event. key: of its delivery. serial: its lane and place in it, always of one length.

    ticket: the issue it writes to, empty for a find. value: of a find, what its ticket is for.
    status: of a move, where the issue goes.
    """

    key: str
    lane: str
    serial: str
    kind: str
    ticket: str = ""
    value: str = ""
    status: str = ""

    def body(self) -> JSON:
        return {
            "type": f"chaos.{self.kind}",
            "subject": self.lane,
            "data": {
                "serial": self.serial,
                "ticket": self.ticket,
                "value": self.value,
                "status": self.status,
            },
        }


def lane_names(count: int) -> list[str]:
    return [f"L{number:02d}" for number in range(count)]


def write_story(
    seed: int, events: int, shared: Sequence[str], own: Mapping[str, str]
) -> list[Deed]:
    """The events in the order in which they may be sent; those of one lane strictly so.

    shared: keys of the issues that all lanes write to. own: of each lane the key of its issue.
    """
    random = Random(seed)
    lanes = list(own)
    count = dict.fromkeys(lanes, 0)
    moves = dict.fromkeys(lanes, 0)
    kinds, weights = list(KINDS), list(KINDS.values())
    values = max(2, events * KINDS["find"] // 100 // 4)  # each value is found about four times
    deeds: list[Deed] = []
    for number in range(events):
        lane = random.choice(lanes)
        kind = random.choices(kinds, weights)[0]
        serial = f"{lane}/{count[lane]:04d}"
        count[lane] += 1
        ticket, value, status = random.choice(shared), "", ""
        if kind == "find":
            # Found by several lanes within a few events of each other, not once and for all.
            near = number * values // events
            ticket, value = "", f"V{max(0, near - random.randrange(4)):04d}"
        elif kind == "move":
            ticket, status = own[lane], STATUSES[moves[lane] % 2]
            moves[lane] += 1
        deeds.append(Deed(f"{seed}-{serial}", lane, serial, kind, ticket, value, status))
    return deeds
