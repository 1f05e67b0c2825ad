"""The table of speed says which rivals it does not compare, and why."""

from bench.speed import RIVAL, RIVALS, rivals_told


def test_every_rival_that_was_not_measured_is_named_with_its_reason():
    told = rivals_told(set(), measured={"ours", "trl"})
    assert len(told) == len(RIVALS) == 3
    for line, (rival, wants) in zip(told, RIVALS.items(), strict=True):
        assert line == f"Not compared: {rival} (not installed beside these libraries: {wants})."


def test_a_rival_that_is_installed_but_has_no_arm_is_not_passed_off_as_compared():
    (line,) = (line for line in rivals_told(set(RIVALS), measured=set(RIVAL)) if "axolotl" in line)
    assert line == "Not compared: axolotl (installed, but there is no arm for it)."
    assert not any("unsloth" in line for line in rivals_told(set(RIVALS), measured=set(RIVAL)))
    assert any("unsloth (its arm failed" in line for line in rivals_told(set(RIVALS), measured=set()))
