namespace WmProxy.Configuration;

/// <summary>Something wrong in a configuration: where, what, and what to do.</summary>
/// <param name="Path">The full key path, as <c>WmProxy:Streams:pg:ClusterId</c>, or the file.</param>
/// <param name="Message">What is wrong and the nearest valid name or value. Never a secret.</param>
public sealed record ConfigError(string Path, string Message)
{
    /// <summary>Path and message, as they are shown to a user.</summary>
    public override string ToString() => $"{Path}: {Message}";
}
