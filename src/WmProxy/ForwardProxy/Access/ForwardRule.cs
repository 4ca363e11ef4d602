using WmProxy.Configuration;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.ForwardProxy.Access;

/// <summary>A <see cref="ForwardRuleConfig"/>, compiled.</summary>
internal sealed class ForwardRule
{
    /// <summary>The rule's configuration, to compare the next one with.</summary>
    public required ForwardRuleConfig Config { get; init; }

    /// <summary>Its place, for logs and metrics: counted from 0, as in the key path.</summary>
    public required int Index { get; init; }

    /// <summary>The parents to go through: the rule's, else the forward proxy's; <see langword="null"/> to dial directly.</summary>
    public string? ClusterId { get; init; }

    /// <summary>The limits of what it allows: the rule's, else the forward proxy's.</summary>
    public BandwidthModel? Bandwidth { get; init; }
}
