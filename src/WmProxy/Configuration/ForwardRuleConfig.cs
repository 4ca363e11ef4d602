using System.Net;

namespace WmProxy.Configuration;

/// <summary>One entry of <c>Rules</c>: every condition that is set must match. The first rule that matches decides.</summary>
public sealed record ForwardRuleConfig
{
    /// <summary>What becomes of the request.</summary>
    public required ForwardRuleAction Action { get; init; }

    /// <summary>The users that the rule is for. Empty: everyone.</summary>
    public EquatableArray<string> Users { get; init; }

    /// <summary>The networks of the clients that it is for. Empty: every client.</summary>
    public EquatableArray<IPNetwork> Clients { get; init; }

    /// <summary>Destinations: names, <c>*.</c> wildcards for any subdomain, addresses and networks. Empty: every destination.</summary>
    public EquatableArray<string> Hosts { get; init; }

    /// <summary>Ports and ranges of ports, as <c>443</c> and <c>8000-8999</c>. Empty: every port.</summary>
    public EquatableArray<string> Ports { get; init; }

    /// <summary>Commands. Empty: every command.</summary>
    public EquatableArray<ForwardCommand> Commands { get; init; }

    /// <summary>The cluster of parent proxies to go through. Default: that of the forward proxy.</summary>
    public string? ClusterId { get; init; }

    /// <summary>How fast bytes may move. Default: as for the forward proxy.</summary>
    public BandwidthConfig? Bandwidth { get; init; }
}
