namespace WmProxy.Relay.Linux;

/// <summary>Who moves the bytes of a <see cref="LinuxSocketStream"/> after <see cref="LinuxSocketStream.HandOver"/>. Called on the loop's thread.</summary>
internal interface ILinuxSocketOwner
{
    /// <summary>The socket is ready for <paramref name="events"/>.</summary>
    void OnReady(LinuxSocketStream socket, uint events);

    /// <summary>Somebody wants the connection ended at once, as a failure; closing it is the owner's.</summary>
    void OnAborted(LinuxSocketStream socket);
}
