namespace WmProxy.Udp;

/// <summary>Who has a session's sockets and its place in the table.</summary>
internal interface IUdpSessionOwner
{
    /// <summary>Ends <paramref name="session"/>, whose state has the reason. From any thread; may happen later.</summary>
    void RequestEnd(UdpSession session);
}
