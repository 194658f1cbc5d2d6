"""How sure a figure is: intervals, paired tests, power, sequential tests."""
