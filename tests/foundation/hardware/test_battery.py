from handful.foundation.hardware.battery import Battery, look_at_battery


def supply(folder, name, **facts):
    for fact, value in facts.items():
        (folder / name).mkdir(exist_ok=True, parents=True)
        (folder / name / fact).write_text(f"{value}\n")


def test_the_emptiest_battery_of_the_machine_counts(tmp_path):
    supply(tmp_path, "AC", type="Mains", online=0)
    supply(tmp_path, "BAT0", type="Battery", capacity=80, status="Discharging")
    supply(tmp_path, "BAT1", type="Battery", capacity=12, status="Discharging")
    supply(tmp_path, "mouse", type="Battery", capacity=3, status="Discharging", scope="Device")
    assert look_at_battery(tmp_path) == Battery(12, True)


def test_a_battery_that_is_charged_is_not_in_use(tmp_path):
    supply(tmp_path, "BAT0", type="Battery", capacity=5, status="Charging")
    assert look_at_battery(tmp_path) == Battery(5, False)


def test_a_machine_without_a_battery_has_none(tmp_path):
    assert look_at_battery(tmp_path) is None
    assert look_at_battery(tmp_path / "nowhere") is None
    supply(tmp_path, "odd", type="Battery", capacity="?", status="Unknown")
    assert look_at_battery(tmp_path) is None
