using System.Net;

namespace WmProxy.Listeners;

/// <summary>What a server of this process listens on to be given connections that were accepted elsewhere.</summary>
internal sealed class HandOffEndPoint : EndPoint
{
    private readonly string _name;

    /// <param name="name">What it is for; the server's log names it.</param>
    public HandOffEndPoint(string name) => _name = name;

    public override string ToString() => $"hand-off:{_name}";
}
