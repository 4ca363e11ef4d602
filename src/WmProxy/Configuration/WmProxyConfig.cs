using System;

namespace WmProxy.Configuration;

/// <summary>The whole <c>WmProxy</c> section. What is not set is <see langword="null"/>; defaults apply where a value is used.</summary>
public sealed record WmProxyConfig
{
    internal static readonly TimeSpan DefaultDrainTimeout = TimeSpan.FromSeconds(30);

    /// <summary>L4 streams by name.</summary>
    public EquatableDictionary<StreamConfig> Streams { get; init; } = EquatableDictionary<StreamConfig>.Empty;

    /// <summary>Forward proxies by name.</summary>
    public EquatableDictionary<ForwardProxyConfig> ForwardProxies { get; init; } = EquatableDictionary<ForwardProxyConfig>.Empty;

    /// <summary>Folders served over HTTP, by name.</summary>
    public EquatableDictionary<StaticFilesConfig> StaticFiles { get; init; } = EquatableDictionary<StaticFilesConfig>.Empty;

    /// <summary>Fixed HTTP answers, by name.</summary>
    public EquatableDictionary<StaticResponseConfig> StaticResponses { get; init; } = EquatableDictionary<StaticResponseConfig>.Empty;

    /// <summary>What moves the bytes of streams and forward proxies. Default: <see cref="RelayEngineKind.Auto"/>.</summary>
    public RelayEngineKind? Engine { get; init; }

    /// <summary>How long live connections may go on at shutdown and after their listener was removed. Default: 30 s.</summary>
    public TimeSpan? DrainTimeout { get; init; }
}
