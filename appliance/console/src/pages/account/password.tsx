import { useState } from "preact/hooks";
import { send } from "../../api/client.ts";
import { Fault, PasswordField, SubmitButton, submitting } from "../../ui/form.tsx";
import { useAction } from "../../ui/fresh.ts";
import { isAcceptable, NewPassword } from "../../ui/new_password.tsx";

export function ChangePassword({ user }: { user: string }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [done, setDone] = useState(false);
  const { busy, problem, run } = useAction();
  const change = async () => {
    setDone(false);
    await send("PUT", "/api/v1/password", { body: { current, new: password } });
    setCurrent("");
    setPassword("");
    setDone(true);
  };
  return (
    <section aria-labelledby="password">
      <h2 id="password">Password</h2>
      <form class="card form" onSubmit={submitting(() => run(change))}>
        <input type="text" name="username" autocomplete="username" value={user} readOnly hidden />
        <PasswordField
          label="Current password"
          name="current"
          autocomplete="current-password"
          required
          value={current}
          onInput={(event) => setCurrent(event.currentTarget.value)}
        />
        <NewPassword password={password} onPassword={setPassword} />
        <Fault problem={problem} />
        <div class="form-foot">
          {done && <p role="status">Changed. Your other sessions have ended.</p>}
          <SubmitButton busy={busy} disabled={!isAcceptable(password)} data-testid="change-password">
            Change password
          </SubmitButton>
        </div>
      </form>
    </section>
  );
}
