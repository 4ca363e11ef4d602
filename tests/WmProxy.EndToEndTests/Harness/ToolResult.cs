namespace WmProxy.EndToEndTests.Harness;

/// <summary>How a program ended, and all that it printed.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error)
{
    /// <summary>For messages of assertions.</summary>
    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Error}";
}
