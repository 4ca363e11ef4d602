namespace WmProxy.FunctionalTests.Hosting;

/// <summary>A connection that has ended.</summary>
/// <param name="Stream">The stream or forward proxy that took it; empty for none.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Seconds">How long it lived.</param>
internal sealed record ConnectionRecord(string Stream, string Reason, double Seconds);
