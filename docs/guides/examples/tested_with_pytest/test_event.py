"""A DR event, from its dispatch through a twin to its report."""


def test_the_house_sheds_what_is_requested(ven, dr_event):
    """The report has one VEN, and of the kW it was asked for it delivered nearly all."""
    report = dr_event(shed_kw=2, duration="10s", target=ven.ven_id)
    (part,) = report.vens
    assert part.acknowledged
    assert part.delivered["clone"].delivered_kw > 1.5
    assert "activeEventId" not in ven.reported["metrics"]
