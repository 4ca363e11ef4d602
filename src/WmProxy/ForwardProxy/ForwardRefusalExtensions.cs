using WmProxy.Connections;

namespace WmProxy.ForwardProxy;

internal static class ForwardRefusalExtensions
{
    /// <summary>A refusal as the end of the connection that is for the record.</summary>
    public static ConnectionEndReason ToEndReason(this ForwardRefusal refusal) => refusal switch
    {
        ForwardRefusal.RuleDenied or ForwardRefusal.GuardDenied or ForwardRefusal.Loop => ConnectionEndReason.DestinationDenied,
        ForwardRefusal.Timeout => ConnectionEndReason.ConnectTimeout,
        _ => ConnectionEndReason.ConnectFailed,
    };
}
