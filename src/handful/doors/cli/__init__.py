"""The command `handful`: one thin file per verb."""
