"""Missing links on a real city: found by bounds, against the time that comparing every candidate would take."""

from app.domain.proposal import Proposal
from app.services.area_engine import AreaEngine
from app.services.assessment import choose_walker
from app.services.kernel_loader import KernelLoader
from app.services.missing_links import LinksQuestion, find_missing_links
from app.services.proposals import compare
from app.services.standards import get_service, get_standard
from benchmarks.cities import real_area
from benchmarks.measure import Row, median_s, row


def rows() -> list[Row]:
    """The ten best for pharmacies; a comparison's median time, times the candidates, is what no bound would save."""
    area = real_area("las-palmas")
    if area is None:
        return []
    kernels = KernelLoader()
    kernels.start()
    kernels.wait()
    engine = AreaEngine(area, kernels=kernels)
    standard = get_standard("cn-mofcom-5-8-15")
    service, walker = get_service(standard, "pharmacy"), choose_walker(standard, None, None)
    question = LinksQuestion(service)
    found = find_missing_links(engine, standard, walker, question)
    ours_s = median_s(lambda: find_missing_links(engine, standard, walker, question), repeat=3)
    proposal = Proposal((found.found[0].change,))
    asked = standard.only([service])
    each_s = median_s(lambda: compare(engine, asked, walker, proposal), repeat=9)
    count = sum(found.looked_at.values())
    work = f"10 missing links of {count} candidates ({found.compared} compared), las-palmas"
    return [row(work, "comparing every one", ours_s, each_s * count)]
