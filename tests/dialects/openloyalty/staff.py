"""What tests about running a programme share: roles, administrators, and forms as documented."""

import json
import sqlite3

import psycopg

from dialects.openloyalty.session import FORM
from dialects.openloyalty.till import token
from guerdon.dialects.openloyalty import tokens
from guerdon.engine.commands.administrators import DefineAdministrator, DefineRole
from guerdon.store import definitions

BLANK = {"errors": ["This value should not be blank."]}
USED = {"errors": ["This value is already used."]}
WRONG = {"errors": ["This value is not valid."]}
NOT_A_CHOICE = {"errors": ["The value you selected is not a valid choice."]}
MISSING = {"error": {"code": 404, "message": "Not Found"}}


def send(house, headers, path, lines, method="POST", **call):
    """Send a form as it stands in the documents, which `curl --data` does not encode either."""
    body = "&".join(lines)
    return house.call(method, f"/api{path}", headers={**headers, **FORM}, body=body, **call)


def get(house, headers, path):
    return house.call("GET", f"/api{path}", headers=headers)


def children(reply):
    """What a refused form says of its fields."""
    assert reply.status == 400, reply.body
    return reply.json()["form"]["children"]


def role(house, *permissions, name="some", default=False):
    """A role that grants `RESOURCE:ACCESS` ..., as the store knows it."""
    words = (each.split(":") for each in permissions)
    granted = [{"resource": resource, "access": access} for resource, access in words]
    body = json.dumps({"name": name, "default": default, "permissions": granted})
    role_id = house.execute(DefineRole(house.tenant_id, 0, body)).definition_id
    return house.read(lambda rows: definitions.get(rows, house.tenant_id, "Role", role_id))


def staff(house, *permissions):
    """The headers of an administrator who may do this much and no more."""
    body = json.dumps({"roles": [role(house, *permissions).definition_id]})
    made = house.execute(DefineAdministrator(house.tenant_id, 0, body, True))
    return token(house, tokens.ADMIN, made.definition_id)


def everything(house):
    """All rows of all tables, as text."""
    sqlite = house.config.database_url.startswith("sqlite")
    place = str(house.config.data_dir / "guerdon.db") if sqlite else house.config.database_url
    named = (
        "SELECT name FROM sqlite_schema WHERE type = 'table'"
        if sqlite
        else "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    connection = sqlite3.connect(place) if sqlite else psycopg.connect(place)
    try:
        tables = [name for (name,) in connection.execute(named).fetchall()]
        rows = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
    finally:
        connection.close()
    assert len(rows) > 20
    return repr(rows)
