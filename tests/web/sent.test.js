import assert from "node:assert/strict";
import { test } from "node:test";
import { readMeta } from "../../explainer/stage/web/sent.js";

test("what follows from what was sent is not sent", () => {
  const { quantities } = readMeta(
    JSON.stringify({
      sizes: { B: 2, T: 3, H: 4, D: 5 },
      quantities: {
        d_W_ir: {
          dims: ["H", "D"],
          shapes: "d_W_ir (H=4, D=5) = Σ_B,T d_a_ir (B=2, T=3, H=4)ᵀ x (B=2, T=3, D=5)",
        },
        d_W_hz: { dims: ["H", "H"], shapes: "d_W_hz (H=4, H=4)", letters: ["H", "H'"] },
        z: { dims: ["B", "T", "H"], shapes: "z (B=2, T=3, H=4) = σ(a_z (B=2, T=3, H=4))" },
        loss: { dims: [], shapes: "loss () = mean_B,T ce (B=2, T=3)" },
      },
    }),
  );
  assert.deepEqual(
    Object.values(quantities).map(({ shape, letters, text }) => [shape, letters, text]),
    [
      [[4, 5], ["H", "D"], "d_W_ir = Σ_B,T d_a_irᵀ x"],
      [[4, 4], ["H", "H'"], "d_W_hz"],
      [[2, 3, 4], ["B", "T", "H"], "z = σ(a_z)"],
      [[], [], "loss = mean_B,T ce"],
    ],
  );
});
