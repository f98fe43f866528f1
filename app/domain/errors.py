"""Errors that a user can cause or must hear of. Each names the place and the fix, and knows no status codes."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says when there is no room left on a disk, or for a user on it."""


class Reach15Error(Exception):
    """Base of every error with a message meant for the user: one line, the place first, the fix last."""


class BadInputError(Reach15Error):
    """A file or a value that the user gave cannot be used."""

    def __init__(self, where: str, problem: str) -> None:
        self.where = where
        self.problem = problem
        super().__init__(f"{where}: {problem}")


class BodyTooLargeError(Reach15Error):
    """A request brings more than it may."""

    def __init__(self, limit_mb: int) -> None:
        self.limit_mb = limit_mb
        super().__init__(f"the body is larger than {limit_mb} MB; send less")


class NotJsonError(Reach15Error):
    """A request's body is said to be something other than JSON."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"the body is said to be '{kind}'; send JSON as application/json")


class NotYamlError(Reach15Error):
    """A request's body is said to be neither YAML nor JSON."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(
            f"the body is said to be '{kind}'; send YAML as application/yaml, or JSON as application/json"
        )


class NotFoundError(Reach15Error):
    """Something was asked for by a name that does not exist."""


class AreaNotFoundError(NotFoundError):
    """No area of this name has been imported."""

    def __init__(self, area_id: str, known: tuple[str, ...] = ()) -> None:
        self.area_id = area_id
        names = ", ".join(known) if known else "none yet; import one with `reach15 area import`"
        super().__init__(f"area '{area_id}' does not exist (areas here: {names})")


class VersionNotFoundError(NotFoundError):
    """The area has no version of this number or name, or none to go back to."""

    def __init__(self, area_id: str, reference: str | None, known: tuple[int, ...]) -> None:
        self.area_id = area_id
        self.version = reference
        numbers = ", ".join(map(str, known))
        problem = f"has no version '{reference}'" if reference else "has no earlier version to go back to"
        super().__init__(f"area '{area_id}' {problem} (versions here: {numbers})")


class AreaChangedError(Reach15Error):
    """An area was changed by somebody else while a change of ours was being worked out."""

    def __init__(self, area_id: str) -> None:
        self.area_id = area_id
        super().__init__(
            f"area '{area_id}' was changed meanwhile by somebody else; nothing was stored, try again"
        )


class HouseholdNotFoundError(NotFoundError):
    """The area has no household of this id."""

    def __init__(self, area_id: str, household_id: str) -> None:
        self.area_id = area_id
        self.household_id = household_id
        super().__init__(f"area '{area_id}' has no household '{household_id}'")


class FacilityNotFoundError(NotFoundError):
    """The area has no facility of this id."""

    def __init__(self, area_id: str, facility_id: str) -> None:
        self.area_id = area_id
        self.facility_id = facility_id
        super().__init__(f"area '{area_id}' has no facility '{facility_id}'")


class DownloadError(Reach15Error):
    """Overpass or Nominatim could not be reached or did not answer as it should."""

    def __init__(self, url: str, problem: str) -> None:
        self.url = url
        self.problem = problem
        super().__init__(f"{url}: {problem}")


class StoreError(Reach15Error):
    """The data directory cannot be read or written, or holds something damaged or foreign."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}")


class DatabaseError(Reach15Error):
    """The database refused what was asked of it."""

    def __init__(self, place: str, problem: str) -> None:
        self.place = place
        self.problem = problem
        super().__init__(f"database {place}: {problem}")


class DatabaseFullError(DatabaseError):
    """The database has no room left, or its disk is broken."""

    def __init__(self, place: str) -> None:
        super().__init__(
            place, "cannot be written, its disk is full or broken; nothing was changed; free space"
        )


class DatabaseUnavailableError(DatabaseError):
    """The database cannot be reached at the moment, or is busy; asking again later helps."""

    retry_after_s = 5


class SchemaError(DatabaseError):
    """The database has no tables, or those of another version of this software."""


class UploadTooLargeError(Reach15Error):
    """The body of an upload is larger than the service takes."""

    def __init__(self, limit_mb: int) -> None:
        self.limit_mb = limit_mb
        super().__init__(
            f"the upload is larger than {limit_mb} MB; cut the extract into smaller areas, or import it on the "
            "service's machine with `reach15 area import` (its operator can raise REACH15_MAX_UPLOAD_MB)"
        )


class NotMultipartError(Reach15Error):
    """An upload came in another form than multipart/form-data."""

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        super().__init__(f"send files as multipart/form-data, not as '{content_type or 'nothing'}'")


class OtherSiteError(Reach15Error):
    """A page of another site asked for a change."""

    def __init__(self) -> None:
        super().__init__(
            "pages of other sites may read, but not change anything here; send this from a program"
        )


class ReadOnlyError(Reach15Error):
    """The service is set up to change nothing."""

    def __init__(self) -> None:
        super().__init__("this service changes nothing over HTTP (REACH15_READ_ONLY); ask its operator")


class StorageFullError(Reach15Error):
    """There is no room left for what was sent or made."""

    def __init__(self) -> None:
        super().__init__(
            "the service's disk is full; nothing was changed; try again when its operator made room"
        )
