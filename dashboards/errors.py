"""The package's one exception tree."""


class DashboardsError(Exception):
    """The dashboards cannot do what was asked; the text says what to do next."""


class PortTaken(DashboardsError):
    """Somebody else listens where the dashboards should."""
