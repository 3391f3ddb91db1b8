"""The one exception of the package; both extension modules raise it."""


class Error(Exception):
    """What the user can act on: what was found, what is allowed, and where.

    >>> import edgellm
    >>> try:
    ...     edgellm.Package("nowhere.pkg")
    ... except edgellm.Error as error:
    ...     print(error)
    nowhere.pkg/manifest.json: ...
    """


Error.__module__ = "edgellm"
