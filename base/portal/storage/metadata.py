"""The one MetaData that every table of the portal's own belongs to."""

from sqlalchemy import MetaData

metadata = MetaData(
    # Constraints have names in every database, so that a later migration can name the one it changes.
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
