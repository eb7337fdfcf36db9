"""The notebook's machine, a thousand seeds at a time: how typical was its one run?"""

import numpy as np
from matplotlib import pyplot

import helmholtz as hm
from helmholtz import plot

PUBLISHED = 0.219  # nats: where the notebook's run ended

results = hm.Sweep([1, 6, 9], "kirby3x3", seeds=1000, lr=0.05, steps=50_000).run()
last = results["kl_exact"][:, -1]
best = results.replay(int(results.machines[np.argmin(last)]))

print("final KL, 5 %, median, 95 %:", np.quantile(last, [0.05, 0.5, 0.95]).round(3))
print(f"seeds that reach {PUBLISHED} nats: {np.mean(last <= PUBLISHED):.1%}")
print("best:", best)

figure, axes = pyplot.subplot_mosaic("ab;cd", figsize=(10, 7.5), layout="constrained")
plot.fan(results, ax=axes["a"]).axhline(PUBLISHED, color="black", linestyle=":")
plot.distributions(results, ax=axes["b"]).axvline(PUBLISHED, color="black", linestyle=":")
plot.receptive_fields(best, ax=axes["c"]).set_title("the best machine's generative weights")
plot.samples(best, 36, ax=axes["d"]).set_title("what it generates")
figure.savefig("thousand_seeds.png", dpi=60)
