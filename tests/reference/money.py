"""The law of the money, written a second time: plain numbers, one command after the other.

Nothing of the product is imported here. An account is a word, what stands on it a number of fen; a share is
a fraction until it is paid out. Each command returns what comes of it: ``done``, ``again`` for what was
done before, or the code by which it is refused, after which nothing is changed.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from fractions import Fraction

DONE, AGAIN = "done", "again"
_NOT_ALLOWED = "escrow_event_not_allowed"
#: What arrives here waits until it is rolled up, before it may leave.
_WAITS = ("payable", "department_payable", "platform_fee", "treasury_non_tax", "tax_payable")
_UNGUARDED = ("channel_clearing", "platform_loss")
_CHANNEL, _LOSS = "channel_clearing/sandbox", "platform_loss/market"
_BANK = "channel_clearing/bank_transfer"


class Refused(Exception):
    """The command is refused by this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Fee:
    """Taken before anyone shares: a rate up to ``above``, another beyond, not less and not more than."""

    account: str
    rate_bps: int
    above: int
    rate_above_bps: int
    least: int
    most: int | None
    of_what_is_left: bool


@dataclasses.dataclass
class Order:
    """An order: what it costs, who shares, and what became of its money."""

    payer: str
    price: int
    fees: tuple[Fee, ...]
    shares: tuple[tuple[str, int], ...]  # account and ten-thousandths
    tax: tuple[str, int] | None = None  # to whom the tax in the price goes, and its ten-thousandths
    state: str = "awaiting"
    captured: int = 0
    refunded: int = 0
    legs: dict[str, int] | None = None  # of the one release, if it was one
    ended_by: str = ""
    keeps: tuple[str, int] | None = None  # 质保金: from whom, and how many ten-thousandths of all
    kept: int = 0  # what is still kept of it
    given: dict[str, list[int]] = dataclasses.field(
        default_factory=dict
    )  # by entry, not taken back
    returned: dict[str, int] = dataclasses.field(default_factory=lambda: defaultdict(int))
    returns: dict[uuid.UUID, int] = dataclasses.field(default_factory=dict)

    was_kept: bool = False

    @property
    def left(self) -> int:
        return self.price - self.captured - self.refunded


@dataclasses.dataclass
class Line:
    """One payout: from which account, how much, and how far it is."""

    account: str
    amount: int
    state: str = "prepared"


@dataclasses.dataclass
class Batch:
    by: str
    lines: list[Line]
    state: str = "prepared"
    files: list[object] = dataclasses.field(default_factory=list)


class Books:
    """All accounts, and every rule about them."""

    def __init__(self) -> None:
        self.stands: dict[str, int] = defaultdict(int)
        self.waits: dict[str, int] = defaultdict(int)
        self.floors: dict[str, int] = {}
        self.held: dict[str, int] = defaultdict(int)  # retention money: nothing else takes it
        self.verified: set[str] = set()
        self.closed: set[str] = set()
        self.entries: dict[str, int] = defaultdict(int)
        self.orders: dict[uuid.UUID, Order] = {}
        self.return_keys: set[uuid.UUID] = set()
        self.keys: dict[uuid.UUID, tuple[uuid.UUID, str, int]] = {}
        self.batches: list[Batch] = []
        self.owed_back: list[tuple[uuid.UUID, int]] = []  # each is one refund to come

    # ── moving ──

    def free(self, account: str) -> int:
        """Return what stands on an account and does not wait."""
        return self.stands[account] - self.waits[account]

    def move(self, month: str, source: str, arriving: dict[str, int]) -> None:
        """Book one entry."""
        amount = sum(arriving.values())
        assert amount > 0
        assert all(part > 0 for part in arriving.values())
        if month in self.closed:
            raise Refused("period_closed")
        is_guarded = source.split("/", maxsplit=1)[0] not in _UNGUARDED
        free = self.free(source) - self.held[source]
        if is_guarded and free - amount < self.floors.get(source, 0):
            raise Refused("ledger_balance_insufficient")
        self.stands[source] -= amount
        for account, part in arriving.items():
            self.stands[account] += part
            if account.split("/")[0] in _WAITS:
                self.waits[account] += part
        self.entries[month] += 1

    def roll_up(self) -> None:
        self.waits.clear()

    def settle_refund(self, month: str, order_id: uuid.UUID, amount: int) -> None:
        """Send what is owed back to a buyer, by its channel."""
        self.owed_back.remove((order_id, amount))
        self.move(month, f"refund_payable/{self.orders[order_id].payer}", {_CHANNEL: amount})

    # ── an order ──

    def start(self, order_id: uuid.UUID, order: Order) -> str:
        known = self.orders.setdefault(order_id, order)
        if (known.price, known.payer) != (order.price, order.payer):
            raise Refused("escrow_opened_on_other_terms")
        if known.state != "awaiting":
            raise Refused("order_already_paid")
        return DONE

    def told_paid(self, month: str, order_id: uuid.UUID, amount: int) -> str:
        """The channel says that so much came; what is not what is due is kept as a break."""
        order = self.orders[order_id]
        if order.state == "awaiting" and amount == order.price:
            self.move(month, _CHANNEL, {f"order_escrow/{order_id}": amount})
            order.state = "held"
            return DONE
        return "ignored" if amount == order.price else "break"

    def freeze(self, order_id: uuid.UUID) -> str:
        order = self.orders[order_id]
        if order.state != "held":
            raise Refused(_NOT_ALLOWED)
        order.state = "disputed"
        return DONE

    def capture(self, month: str, order_id: uuid.UUID, key: uuid.UUID, amount: int) -> str:
        order = self.orders[order_id]
        if self._is_repeated(key, (order_id, "capture", amount)):
            return AGAIN
        if order.state != "held":
            raise Refused(_NOT_ALLOWED)
        if amount >= order.left:
            raise Refused("escrow_less_left")
        self._settle(month, order_id, self._share(month, order_id, amount))
        self.keys[key] = (order_id, "capture", amount)
        return DONE

    def release(self, month: str, order_id: uuid.UUID, *, is_accepted: bool) -> str:
        order = self.orders[order_id]
        if order.state == "released":
            if order.ended_by != "release":
                raise Refused("escrow_already_released")
            return AGAIN
        if order.state not in ("held", "disputed"):
            raise Refused(_NOT_ALLOWED)
        if not is_accepted:
            raise Refused("escrow_not_releasable")
        if order.captured:
            settled = self._share(month, order_id, order.left)
            self._end_sharing(month, order_id, settled)
        else:
            amount = order.left
            legs = paid_out(claims(order, amount))
            arriving = kept_back(order, legs, amount)
            self.move(month, f"order_escrow/{order_id}", arriving)
            order.captured, order.legs = amount, legs
            order.given = {one: [part] for one, part in arriving.items()}
            if order.keeps is not None:
                account = f"retention/{order.keeps[0]}"
                order.kept = arriving.get(account, 0)
                order.was_kept = order.kept > 0
                self.held[account] += order.kept
        order.state, order.ended_by = "released", "release"
        return DONE

    def refund_part(self, month: str, order_id: uuid.UUID, key: uuid.UUID, amount: int) -> str:
        order = self.orders[order_id]
        if self._is_repeated(key, (order_id, "refund", amount)):
            return AGAIN
        if order.state not in ("held", "disputed"):
            raise Refused(_NOT_ALLOWED)
        if amount >= order.left:
            raise Refused("escrow_less_left")
        self._owe_back(month, order_id, f"order_escrow/{order_id}", amount)
        order.refunded += amount
        order.state = "held"
        self.keys[key] = (order_id, "refund", amount)
        return DONE

    def refund(self, month: str, order_id: uuid.UUID) -> str:
        order = self.orders[order_id]
        if order.state == "refunded":
            return AGAIN
        if order.state not in ("held", "disputed"):
            raise Refused(_NOT_ALLOWED)
        amount = order.left
        self._owe_back(month, order_id, f"order_escrow/{order_id}", amount)
        order.refunded += amount
        self._end_sharing(month, order_id, {})
        order.state = "released" if order.captured else "refunded"
        order.ended_by = "refund"
        return DONE

    def give_back(self, month: str, order_id: uuid.UUID, key: uuid.UUID, amount: int) -> str:
        """After the release: each who shared gives its part, from what it is owed, kept back, or the platform."""
        order = self.orders[order_id]
        if amount <= 0:
            raise Refused("amount_not_positive")
        if key in order.returns:
            if order.returns[key] != amount:
                raise Refused("return_key_reused")
            return AGAIN
        if key in self.return_keys:
            raise Refused("return_key_reused")
        if order.state != "released" or order.legs is None:
            raise Refused("return_not_released_at_once")
        gross, before = sum(order.legs.values()), sum(order.returned.values())
        if before + amount > gross:
            raise Refused("reversal_too_large")
        if month in self.closed:
            raise Refused("period_closed")
        self.roll_up()
        for account, due in sorted(taken_back(order, before + amount).items()):
            self._one_gives_back(month, order_id, account, due)
            order.returned[account] += due
        order.returns[key] = amount
        self.return_keys.add(key)
        return DONE

    def retain(self, month: str, party: str, amount: int) -> str:
        self.move(month, f"payable/{party}", {f"retention/{party}": amount})
        return DONE

    def free_kept(self, month: str, order_id: uuid.UUID) -> str:
        """Give what is kept of an order to whom it was kept from: its day has come."""
        order = self.orders[order_id]
        if order.keeps is None or (not order.kept and not order.was_kept):
            raise Refused("not_found")
        if not order.kept:
            raise Refused("retention_money_event_not_allowed")
        party, amount = order.keeps[0], order.kept
        self._take_kept(order, amount)
        try:
            self.move(month, f"retention/{party}", {f"payable/{party}": amount})
        except Refused:
            self._put_kept(order, amount)
            raise
        order.given.setdefault(f"payable/{party}", []).append(amount)
        return DONE

    # ── payouts ──

    def prepare(self, by: str, parties: list[str], minimum: int) -> Batch:
        """Put what these parties are owed into a batch."""
        live = {
            line.account
            for batch in self.batches
            for line in batch.lines
            if line.state in ("prepared", "approved", "in_transit")
        }
        owed = [f"{purpose}/{party}" for party in sorted(parties) for purpose in sorted(_WAITS)]
        worth = [one for one in owed if one not in live and self.stands[one] >= minimum]
        if set(parties) - self.verified:
            raise Refused("payout_account_not_verified")
        if not worth:
            raise Refused("payout_nothing_to_pay")
        self.roll_up()
        batch = Batch(by, [Line(account, self.stands[account]) for account in worth])
        self.batches.append(batch)
        return batch

    def approve(self, batch: Batch, by: str) -> str:
        if batch.by == by:
            raise Refused("payout_second_person_needed")
        if batch.state != "prepared":
            raise Refused("payout_event_not_allowed")
        batch.state = "approved"
        for line in batch.lines:
            line.state = "approved"
        return DONE

    def send(self, month: str, line: Line) -> str:
        """Take a payout off what is owed; what is not there any more is not sent."""
        if line.state != "approved":
            return line.state
        party = line.account.split("/")[1]
        try:
            self.move(month, line.account, {f"payout_in_transit/{party}": line.amount})
        except Refused as refused:
            if refused.code != "ledger_balance_insufficient":
                raise
            line.state = "not_sent"
        else:
            line.state = "in_transit"
        return line.state

    def outcomes(self, month: str, batch: Batch, told: list[tuple[int, bool]]) -> str:
        """The bank's file: each line of the batch that it names was paid, or came back."""
        if told in batch.files:
            raise Refused("payout_outcomes_taken_before")
        if any(batch.lines[place].state != "in_transit" for place, _ in told):
            raise Refused("payout_outcomes_malformed")
        for place, is_paid in told:
            line = batch.lines[place]
            party = line.account.split("/")[1]
            to = _BANK if is_paid else line.account
            self.move(month, f"payout_in_transit/{party}", {to: line.amount})
            line.state = "paid" if is_paid else "returned"
        batch.files.append(told)
        return DONE

    # ── months ──

    def unexplained(self) -> set[str]:
        """Return the accounts of money on its way that hold something, and no running order says why."""
        found = set()
        for account, amount in self.stands.items():
            purpose, owner = account.split("/")
            if amount and purpose in ("channel_clearing", "payout_in_transit"):
                found.add(account)
            if amount and purpose in ("order_escrow", "rounding_residual"):
                assert self.orders[uuid.UUID(owner)].state in ("held", "disputed"), account
        return found

    # ── steps ──

    def _is_repeated(self, key: uuid.UUID, said: tuple[uuid.UUID, str, int]) -> bool:
        """Tell whether this was said before; its key stands for nothing else."""
        if said[2] <= 0:
            raise Refused("amount_not_positive")
        if self.keys.get(key, said) != said:
            raise Refused("journal_key_reused")
        return key in self.keys

    def _owe_back(self, month: str, order_id: uuid.UUID, source: str, amount: int) -> None:
        self.move(month, source, {f"refund_payable/{self.orders[order_id].payer}": amount})
        self.owed_back.append((order_id, amount))

    def _share(self, month: str, order_id: uuid.UUID, amount: int) -> dict[str, int]:
        """Pay the whole fen of what everyone is entitled to by now; what is over waits with the order.

        Return what is to be paid out of what waited.
        """
        order, residual = self.orders[order_id], f"rounding_residual/{order_id}"
        was = {one: int(claim) for one, claim in claims(order, order.captured).items()}
        due = {
            one: int(claim) - was.get(one, 0)
            for one, claim in claims(order, order.captured + amount).items()
        }
        over = amount - sum(due.values())
        drawn: dict[str, int] = {}
        for one, part in due.items():  # is more due than comes in, what waits pays the first
            drawn[one] = min(part, max(-over, 0) - sum(drawn.values()))
        arriving = {one: due[one] - drawn[one] for one in due if due[one] > drawn[one]}
        if over > 0:
            arriving[residual] = over
        self.move(month, f"order_escrow/{order_id}", arriving)
        order.captured += amount
        return drawn

    def _end_sharing(self, month: str, order_id: uuid.UUID, settled: dict[str, int]) -> None:
        order = self.orders[order_id]
        exact = claims(order, order.captured)
        rest = dict(settled)
        for one, part in paid_out(exact).items():
            rest[one] = rest.get(one, 0) + part - int(exact[one])
        self._settle(month, order_id, rest)
        assert self.stands[f"rounding_residual/{order_id}"] == 0

    def _settle(self, month: str, order_id: uuid.UUID, parts: dict[str, int]) -> None:
        arriving = {one: part for one, part in parts.items() if part}
        if arriving:
            self.move(month, f"rounding_residual/{order_id}", arriving)

    def _one_gives_back(self, month: str, order_id: uuid.UUID, account: str, due: int) -> None:
        purpose, owner = account.split("/")
        owed = max(self.free(account) - self.floors.get(account, 0), 0)
        order, pot = self.orders[order_id], f"retention/{owner}"
        of_this = 0
        if order.keeps is not None and purpose == "payable" and owner == order.keeps[0]:
            of_this = min(due, order.kept)
        if of_this:
            self._take_kept(order, of_this)
            self._owe_back(month, order_id, pot, of_this)
            due -= of_this
        kept = self.stands[pot] - self.held[pot] if purpose == "payable" else 0
        own = min(due, owed)
        drawn = min(due - own, kept)
        for part in self._by_entry(order, account, own):
            self._owe_back(month, order_id, account, part)
        for source, part in (
            (f"retention/{owner}", drawn),
            (_LOSS, due - own - drawn),
        ):
            if part:
                self._owe_back(month, order_id, source, part)

    def _by_entry(self, order: Order, account: str, amount: int) -> list[int]:
        """Return a sum that is taken back in the parts in which it was given, the first one first."""
        parts, given = [], order.given.get(account, [])
        for place, there in enumerate(given):
            part = min(amount, there)
            given[place] -= part
            amount -= part
            parts += [part] if part else []
        assert amount == 0, account
        return parts

    def _take_kept(self, order: Order, amount: int) -> None:
        assert order.keeps is not None
        order.kept -= amount
        self.held[f"retention/{order.keeps[0]}"] -= amount

    def _put_kept(self, order: Order, amount: int) -> None:
        self._take_kept(order, -amount)


def kept_back(order: Order, legs: dict[str, int], amount: int) -> dict[str, int]:
    """Return what arrives if a share of all is kept of what one of them gets, never more than that."""
    if order.keeps is None:
        return legs
    party, bps = order.keeps
    arriving, kept = {}, min(amount * bps // 10_000, legs.get(f"payable/{party}", 0))
    for account, part in legs.items():
        if account == f"payable/{party}":
            arriving |= {account: part - kept, f"retention/{party}": kept}
        else:
            arriving[account] = part
    return {account: part for account, part in arriving.items() if part}


def claims(order: Order, amount: int) -> dict[str, Fraction]:
    """Return who may claim what of an amount, exactly: tax, fees in their order, shares of the rest."""
    if amount == 0:
        return {}
    found: dict[str, Fraction] = {}
    if order.tax is not None:
        account, rate = order.tax
        found[account] = Fraction(tax_in(amount, rate))
        amount -= tax_in(amount, rate)
    left = Fraction(amount)
    for fee in order.fees:
        base = left if fee.of_what_is_left else Fraction(amount)
        low, high = min(base, Fraction(fee.above)), max(base - fee.above, Fraction(0))
        taken = (low * fee.rate_bps + high * fee.rate_above_bps) / 10_000
        taken = max(taken, Fraction(fee.least))
        if fee.most is not None:
            taken = min(taken, Fraction(fee.most))
        found[fee.account] = min(taken, left)
        left -= found[fee.account]
    for account, bps in order.shares:
        found[account] = left * bps / 10_000
    return found


def tax_in(gross: int, rate: int) -> int:
    """Return the tax in a gross amount to the nearest fen, half a fen up."""
    exact = gross * Fraction(rate, 10_000) / (1 + Fraction(rate, 10_000))
    return int(exact + Fraction(1, 2))


def taken_back(order: Order, total: int) -> dict[str, int]:
    """Return what each gives back now, if ``total`` has gone back in all; the tax is that of what is kept."""
    assert order.legs is not None
    if order.tax is None or order.tax[0] not in order.legs:
        return parts_back(order.legs, order.returned, total)
    account, rate = order.tax
    kept = tax_in(sum(order.legs.values()) - total, rate)
    tax = order.legs[account] - kept - order.returned.get(account, 0)
    others = {one: leg for one, leg in order.legs.items() if one != account}
    before = {one: order.returned.get(one, 0) for one in others}
    found = parts_back(others, before, total - order.legs[account] + kept)
    return found | ({account: tax} if tax else {})


def paid_out(exact: dict[str, Fraction]) -> dict[str, int]:
    """Return claims in whole fen: those with the largest remainders get the fen that are left."""
    found = {one: int(claim) for one, claim in exact.items()}
    over = int(sum(exact.values(), Fraction(0))) - sum(found.values())
    order = list(exact)
    order.sort(key=lambda one: exact[one], reverse=True)  # stable: who stands first is first
    order.sort(key=lambda one: exact[one] - int(exact[one]), reverse=True)
    for one in order[:over]:
        found[one] += 1
    return {one: part for one, part in found.items() if part}


def parts_back(legs: dict[str, int], before: dict[str, int], total: int) -> dict[str, int]:
    """Return what each gives back now, if ``total`` has gone back in all: by the legs, and none twice."""
    gross = sum(legs.values())
    exact = {one: Fraction(leg * total, gross) for one, leg in legs.items()}
    target = {one: max(before.get(one, 0), int(exact[one])) for one in legs}
    while sum(target.values()) < total:
        lacking = [one for one in legs if target[one] < legs[one]]
        target[max(lacking, key=lambda one: exact[one] - target[one])] += 1
    while sum(target.values()) > total:
        ahead = [one for one in legs if target[one] > before.get(one, 0)]
        target[min(ahead, key=lambda one: exact[one] - target[one])] -= 1
    return {
        one: target[one] - before.get(one, 0) for one in legs if target[one] > before.get(one, 0)
    }
