"""Versions without a folder, and folders that are no version."""

from collections.abc import Iterator

from app.domain.storage_fault import StorageFault
from app.services.ports import AreaRegistry, ArtifactStore


def find_folder_faults(artifacts: ArtifactStore, registry: AreaRegistry) -> Iterator[StorageFault]:
    """What lies in the data directory and what the database knows, where they differ.

    While an import writes they do: an area that looks wrong is looked at again when nobody changes it.
    """
    folders, known = artifacts.folders(), registry.known_keys()
    for area_id in sorted(folders.keys() | known.keys()):
        if folders.get(area_id, frozenset()) == known.get(area_id, {}).keys():
            continue
        with artifacts.alone_with(area_id):
            there = artifacts.folders().get(area_id, frozenset())
            versions = registry.known_keys().get(area_id, {})
        for key, number in versions.items():
            if key not in there:
                yield StorageFault(
                    "missing_folder",
                    area_id,
                    f"version {number} of area '{area_id}' has no folder {key} in the data directory; put it back "
                    "from a backup, or import the area again and prune",
                )
        for name in sorted(there - versions.keys()):
            fix = (
                f"remove it with: reach15 area prune {area_id}"
                if versions
                else "delete it, or use the database to which it belongs"
            )
            yield StorageFault(
                "unknown_folder",
                area_id,
                f"folder {name} of area '{area_id}' is no version that the database knows; {fix}",
            )
