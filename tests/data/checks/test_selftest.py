from handful.data.checks.base import Check, Severity
from handful.data.checks.running import make_check
from handful.data.checks.selftest import prove, selftest


class Fake(Check):
    not_covered = "Everything."

    def plant(self, bench, dice):
        bench.item("a", dice, licence="")
        bench.item("b", dice, licence="")
        return ["a", "b"]

    def control(self, bench, dice):
        bench.item("a", dice)


class Blind(Fake):
    def run(self, view):
        return []


class Nervous(Fake):
    def run(self, view):
        return [
            self.finding(
                "always",
                Severity.NOTE,
                [item.id for item in view.items],
                evidence={"x": 1},
                meaning="Nothing.",
                fix="Nothing.",
            )
        ]


class Broken(Fake):
    def run(self, view):
        raise KeyError("lost")


class Empty(Blind):
    def plant(self, bench, dice):
        return []


def test_a_check_that_sees_nothing_fails():
    proof = prove(Blind(None))
    assert proof.missed == ("a", "b")
    assert not proof.passed


def test_a_check_that_always_alarms_fails():
    proof = prove(Nervous(None))
    assert (proof.missed, proof.false_alarms) == ((), ("always",))
    assert not proof.passed


def test_a_check_that_stumbles_fails():
    proof = prove(Broken(None))
    assert proof.error == "KeyError: 'lost'"
    assert not proof.passed


def test_a_check_that_plants_nothing_fails():
    assert not prove(Empty(None)).passed


def test_real_checks_pass_and_are_told_one_by_one():
    told = []
    proofs = selftest(["missing_licence", "damaged_media"], on_progress=told.append)
    assert [proof.check for proof in proofs] == ["missing_licence", "damaged_media"]
    assert all(proof.passed for proof in proofs)
    assert told == proofs
    assert make_check("missing_licence").name == "missing_licence"
