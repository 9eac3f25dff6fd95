"""Every machine moves only along its table, ends where it should, and has a word for each state."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.states import (
    MOVES,
    RETRYABLE,
    SETTLED,
    WORDS,
    AckLevel,
    CampaignStatus,
    ChatMode,
    DeviceHealth,
    DeviceLink,
    IllegalMove,
    LogStatus,
    MessageStatus,
    RunStatus,
    grow_ack,
    is_terminal,
    log_status,
    may_move,
    move,
    shown,
    sources_of,
)

MACHINES = [
    RunStatus,
    MessageStatus,
    LogStatus,
    CampaignStatus,
    DeviceLink,
    DeviceHealth,
    ChatMode,
]
TERMINALS = {
    RunStatus: {"SUCCEEDED", "PARTIAL", "FAILED", "CANCELLED", "DEAD"},
    MessageStatus: {"SENT", "FAILED", "SKIPPED", "CANCELLED", "UNKNOWN"},
    LogStatus: {"READ", "SKIPPED", "CANCELLED"},
    CampaignStatus: {"COMPLETED", "CANCELLED"},
    DeviceLink: set(),
    DeviceHealth: set(),
    ChatMode: set(),
}
PAIRS = [pair for machine in MACHINES for pair in itertools.product(machine, machine)]


def reachable(state):
    seen, todo = set(), [state]
    while todo:
        for target in MOVES[type(state)][todo.pop()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_has_a_row_for_each_state_and_no_row_leads_to_itself_or_elsewhere(machine):
    assert set(MOVES[machine]) == set(machine)
    for source, targets in MOVES[machine].items():
        assert source not in targets
        assert all(type(target) is machine for target in targets)


@pytest.mark.parametrize("machine", MACHINES)
def test_exactly_the_final_states_have_no_exits(machine):
    assert {state for state in machine if is_terminal(state)} == TERMINALS[machine]


@pytest.mark.parametrize("machine", [m for m in MACHINES if TERMINALS[m]])
def test_every_state_can_still_come_to_an_end(machine):
    for state in machine:
        assert is_terminal(state) or any(is_terminal(end) for end in reachable(state))


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_can_be_reached_from_the_first(machine):
    first = next(iter(machine))
    assert reachable(first) | {first} == set(machine)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_move_returns_the_target_or_is_refused(source, target):
    if may_move(source, target):
        assert move(source, target) is target
        assert source in sources_of(target)
    else:
        with pytest.raises(IllegalMove, match=rf"can't go from {source} to {target}"):
            move(source, target)
        assert source not in sources_of(target)


@pytest.mark.parametrize(
    ("source", "target", "allowed"),
    [
        (MessageStatus.AMBIGUOUS, MessageStatus.PENDING, True),  # negative evidence
        (MessageStatus.AMBIGUOUS, MessageStatus.SENDING, False),  # never again without evidence
        (MessageStatus.PENDING, MessageStatus.SENT, False),  # nothing is sent without a claim
        (MessageStatus.UNKNOWN, MessageStatus.PENDING, False),  # a person starts a new pass
        (MessageStatus.SENDING, MessageStatus.CANCELLED, False),  # the call is already out
        (RunStatus.RUNNING, RunStatus.QUEUED, True),  # a dead worker's run
        (RunStatus.DEAD, RunStatus.QUEUED, False),  # a replay is a new run
        (RunStatus.PAUSED, RunStatus.SUCCEEDED, False),
        (CampaignStatus.PENDING, CampaignStatus.HELD, True),  # start missed by too much
        (CampaignStatus.DRAFT, CampaignStatus.PROCESSING, False),  # the audience is frozen first
        (CampaignStatus.COMPLETED, CampaignStatus.PROCESSING, False),
        (LogStatus.FAILED, LogStatus.QUEUED, True),  # "retry failed"
        (LogStatus.READ, LogStatus.DELIVERED, False),
        (DeviceHealth.PAUSED, DeviceHealth.OK, True),
        (ChatMode.BOT, ChatMode.HUMAN, True),
    ],
)
def test_the_moves_that_matter_most(source, target, allowed):
    assert may_move(source, target) is allowed


def test_states_of_two_machines_never_follow_each_other():
    assert not may_move(RunStatus.QUEUED, MessageStatus.SENDING)
    with pytest.raises(IllegalMove):
        move(RunStatus.RUNNING, LogStatus.FAILED)


@pytest.mark.parametrize(
    ("receipts", "level"),
    [
        ([], 0),
        ([1], 1),
        ([3, 1, 2], 3),
        ([1, -1], -1),
        ([-1, 1], -1),
        ([-1, 2], 2),
        ([2, -1], 2),
        ([4, 3], 4),
    ],
)
def test_the_ack_level_only_grows(receipts, level):
    reached = 0
    for receipt in receipts:
        reached = grow_ack(reached, receipt)
    assert reached == level


@given(st.lists(st.sampled_from(list(AckLevel)), max_size=6), st.randoms())
def test_receipts_end_equally_in_any_order_and_when_repeated(receipts, random):
    def end(levels):
        reached = AckLevel.PENDING
        for level in levels:
            reached = grow_ack(reached, level)
        return reached

    shuffled = receipts + receipts[:2]
    random.shuffle(shuffled)
    assert end(receipts) == end(shuffled)


@pytest.mark.parametrize("level", [-2, 5])
def test_an_ack_level_whatsapp_does_not_have_is_refused(level):
    with pytest.raises(ValueError, match=str(level)):
        grow_ack(0, level)


@pytest.mark.parametrize(
    ("message", "ack", "log"),
    [
        (MessageStatus.PENDING, 0, LogStatus.QUEUED),
        (MessageStatus.SENDING, 0, LogStatus.SENDING),
        (MessageStatus.AMBIGUOUS, 0, LogStatus.SENDING),
        (MessageStatus.AMBIGUOUS, 2, LogStatus.DELIVERED),
        (MessageStatus.SENT, 0, LogStatus.SENT),
        (MessageStatus.SENT, 1, LogStatus.SENT),
        (MessageStatus.SENT, 2, LogStatus.DELIVERED),
        (MessageStatus.SENT, 3, LogStatus.READ),
        (MessageStatus.SENT, 4, LogStatus.READ),
        (MessageStatus.SENT, -1, LogStatus.FAILED),
        (MessageStatus.UNKNOWN, 0, LogStatus.UNKNOWN),
        (MessageStatus.UNKNOWN, 3, LogStatus.READ),
        (MessageStatus.SKIPPED, 0, LogStatus.SKIPPED),
        (MessageStatus.CANCELLED, 0, LogStatus.CANCELLED),
        (MessageStatus.FAILED, 0, LogStatus.FAILED),
    ],
)
def test_a_recipient_shows_what_its_message_and_receipts_prove(message, ack, log):
    assert log_status(message, ack) is log


@pytest.mark.parametrize("source", list(MessageStatus))
@pytest.mark.parametrize("ack", list(AckLevel))
def test_a_recipient_follows_its_message_along_its_own_table(source, ack):
    for target in MOVES[MessageStatus][source]:
        if ack >= AckLevel.SERVER and target is not MessageStatus.SENT:
            continue  # a receipt settles the message as SENT, nothing else may happen to it
        before, after = log_status(source, ack), log_status(target, ack)
        assert before is after or may_move(before, after)
    for receipt in AckLevel:
        before, after = log_status(source, ack), log_status(source, grow_ack(ack, receipt))
        assert before is after or may_move(before, after)


def test_a_final_message_settles_its_recipient():
    for message in MessageStatus:
        assert is_terminal(message) == (log_status(message, 0) in SETTLED)
    assert RETRYABLE < SETTLED


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_has_a_word_in_both_languages(machine, language):
    assert set(WORDS[language][machine]) == set(machine)
    assert all(shown(state, language) for state in machine)


@pytest.mark.parametrize(
    ("state", "options", "word"),
    [
        (MessageStatus.SENT, {"ack_level": 0}, "terkirim"),
        (MessageStatus.SENT, {"ack_level": 2}, "diterima"),
        (MessageStatus.SENT, {"ack_level": 3}, "dibaca"),
        (RunStatus.DEAD, {}, "macet"),
        (CampaignStatus.HELD, {}, "tertahan"),
        (DeviceHealth.COLD_FROZEN, {"until": "14.05"}, "chat baru dibatasi sampai 14.05"),
        (ChatMode.HUMAN, {"until": "16.00"}, "manusia (kembali ke bot 16.00)"),
        (ChatMode.BOT, {"until": "16.00"}, "bot"),
        (MessageStatus.SENT, {"language": "en", "ack_level": 3}, "read"),
    ],
)
def test_the_word_shown_tells_receipts_and_times(state, options, word):
    assert shown(state, **options) == word
