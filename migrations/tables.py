"""Every table: imports each models.py below the packages that may have one."""

import importlib
import pkgutil

from sqlalchemy import MetaData

import flows
import runtime
import services
from services.kit.db import Base


def metadata() -> MetaData:
    """The metadata of all models, with every table loaded."""
    for package in (services, flows, runtime):
        for module in pkgutil.walk_packages(package.__path__, prefix=f"{package.__name__}."):
            if module.name.endswith(".models"):
                importlib.import_module(module.name)
    return Base.metadata
