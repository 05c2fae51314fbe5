"""AWS's refusals as one line that says what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from contracts.errors import VenTwinError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

NOT_FOUND = frozenset({"ResourceNotFoundException", "ValidationError"})
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
UNKNOWN_CALL = frozenset({"400", "404", "InvalidAction", "UnknownOperationException", "NotImplemented"})
"""Codes of a cloud that does not know a call at all, as the local one has some."""
STALE = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch"})


class CloudError(VenTwinError):
    """Raised when the cloud cannot be asked, or does not have what is needed. Show the one line."""


@contextlib.contextmanager
def explained(missing: str | None = None) -> Iterator[None]:
    """Turn what boto3 raises into one line that says what to do."""
    try:
        yield
    except VenTwinError:
        raise
    except Exception as error:  # noqa: BLE001 - botocore's are imported when there is one
        _explain(error, missing)


def _explain(raised: Exception, missing: str | None) -> NoReturn:
    """Raise CloudError for what botocore raised, and anything else as it is."""
    from botocore.exceptions import (  # noqa: PLC0415 - in trouble only
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        ProfileNotFound,
        SSOError,
        TokenRetrievalError,
    )
    from botocore.exceptions import ConnectionError as NoConnectionError  # noqa: PLC0415

    try:
        raise raised
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise CloudError(
            "no AWS credentials: run aws configure, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"
        ) from error
    except NoRegionError as error:
        raise CloudError("no AWS region: give --region, or set AWS_REGION") from error
    except ProfileNotFound as error:
        raise CloudError(
            f"there is no AWS profile {error.kwargs['profile']}: see aws configure list-profiles"
        ) from error
    except (SSOError, TokenRetrievalError) as error:
        raise CloudError("the AWS sign-in is over or was never made: run aws sso login") from error
    except NoConnectionError as error:
        where = str(error.kwargs.get("endpoint_url"))
        local = "127.0.0.1" in where
        hint = (
            "the local cloud is gone: ven-twin cloud start" if local else "check network, region and --stage"
        )
        raise CloudError(f"cannot reach {where}: {hint}") from error
    except ClientError as error:
        raise CloudError(_client_error(error, missing)) from error
    except BotoCoreError as error:
        raise CloudError(f"AWS cannot be asked: {error}") from error


def is_absent(error: CloudError) -> bool:
    """True of a refusal because the resource does not exist."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - in trouble only

    cause = error.__cause__
    return isinstance(cause, ClientError) and error_code(cause) == "ResourceNotFoundException"


def is_denied(error: CloudError) -> bool:
    """True of a refusal because the caller has no right to it."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - in trouble only

    cause = error.__cause__
    return isinstance(cause, ClientError) and error_code(cause) in DENIED


def _client_error(error: ClientError, missing: str | None) -> str:
    code, message = error_code(error), error.response.get("Error", {}).get("Message", "")
    operation = error.operation_name
    if code in NOT_FOUND and missing is not None:
        return missing
    if code in UNKNOWN_CALL:
        return f"this cloud does not know {operation}"
    if code in STALE:
        return f"AWS does not take these credentials ({code}): sign in again"
    if code in DENIED:
        return f"these credentials may not do {operation}: {message}"
    return f"{operation} was refused: {code}: {message}"


def error_code(error: ClientError) -> str:
    """The code of AWS's refusal."""
    return str(error.response.get("Error", {}).get("Code", ""))
