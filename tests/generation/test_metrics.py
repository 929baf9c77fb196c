from frontdesk.generation.metrics import Metrics


def test_times_to_first_token_become_a_cumulative_histogram():
    metrics = Metrics()
    for seconds in (0.04, 0.2, 0.2, 30.0):
        metrics.note_first_token(seconds)
    lines = metrics.text().splitlines()
    name = "frontdesk_generation_first_token_seconds"
    assert f'{name}_bucket{{le="0.05"}} 1' in lines
    assert f'{name}_bucket{{le="0.25"}} 3' in lines
    assert f'{name}_bucket{{le="16"}} 3' in lines
    assert f'{name}_bucket{{le="+Inf"}} 4' in lines
    assert f"{name}_count 4" in lines


def test_answers_are_counted_by_how_they_ended():
    metrics = Metrics()
    metrics.note_finish("stop")
    metrics.note_finish("stop")
    metrics.note_finish("error")
    text = metrics.text()
    assert 'frontdesk_generation_finished_total{reason="stop"} 2\n' in text
    assert 'frontdesk_generation_finished_total{reason="error"} 1\n' in text
