"""schedules → runs: whoever's time has come is started, by one of any number of schedulers."""
