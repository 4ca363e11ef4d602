using System.Diagnostics.CodeAnalysis;
using WmProxy.ForwardProxy.Http;

namespace WmProxy.ForwardProxy.Connect;

/// <summary>What became of reading a head.</summary>
internal readonly struct ConnectHeadResult
{
    /// <summary>The head, consumed; what the client sent behind it is still buffered.</summary>
    public ConnectHead? Head { get; private init; }

    /// <summary>What to say to a client whose request is not one; <see langword="null"/> where nobody is there to be told.</summary>
    public HttpAnswer? Error { get; private init; }

    /// <summary>Whether it is a request, but no <c>CONNECT</c>: nothing is consumed.</summary>
    public bool IsOtherMethod { get; private init; }

    [MemberNotNullWhen(true, nameof(Head))]
    public bool IsComplete => Head is not null;

    public static ConnectHeadResult ClientGone { get; }

    public static ConnectHeadResult OtherMethod { get; } = new() { IsOtherMethod = true };

    public static ConnectHeadResult Complete(ConnectHead head) => new() { Head = head };

    public static ConnectHeadResult Malformed(HttpAnswer error) => new() { Error = error };
}
