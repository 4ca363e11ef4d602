namespace WmProxy.Configuration;

/// <summary>What the egress guard does about a destination that it would refuse.</summary>
public enum EgressGuardMode
{
    /// <summary>It refuses it.</summary>
    Enforce,

    /// <summary>It logs and counts it only.</summary>
    ReportOnly,
}
