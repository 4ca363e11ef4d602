using System.IO;
using WmProxy.Connections;

namespace WmProxy.ForwardProxy.Http;

/// <summary>A <see cref="ForwardDialResult"/> without a connection, for callers that know exceptions only.</summary>
internal sealed class ForwardRefusedException : IOException
{
    public ForwardRefusedException(ForwardRefusal refusal, ConnectionEndReason failure, string? error)
        : base(error ?? refusal.ToString())
    {
        Refusal = refusal;
        Failure = failure;
    }

    public ForwardRefusal Refusal { get; }

    public ConnectionEndReason Failure { get; }
}
