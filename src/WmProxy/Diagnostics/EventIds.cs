namespace WmProxy.Diagnostics;

/// <summary>The ids of all log events, in blocks of 100 for each folder. Never reused; a test checks that they are unique.</summary>
internal static class EventIds
{
    // 100: Management and Configuration
    public const int ConfigApplied = 100;
    public const int ConfigRejected = 101;
    public const int ConfigUnchanged = 102;
    public const int ConfigReadFailed = 104;

    // 200: Listeners
    public const int AcceptFailed = 200;
    public const int ConnectionFailed = 201;
    public const int ListenerOpened = 202;
    public const int ListenerClosed = 203;
    public const int Draining = 204;
    public const int ListenerLost = 205;

    // 300: Connections (300-339 PROXY protocol, 340-369 TLS, 370-399 the rest)
    public const int TlsCertificateReloaded = 340;
    public const int TlsCertificateReloadFailed = 341;
    public const int TlsCertificateOutOfTime = 342;
    public const int TlsClientAuthoritiesReloaded = 343;
    public const int TlsCertificatePollFailed = 344;
    public const int SweepFailed = 370;

    // 400: Clusters and Connectors
    public const int ConnectFailed = 400;
    public const int ProbeFailed = 401;

    // 500: Relay
    public const int EngineChosen = 500;
    public const int LinuxEngineUnavailable = 501;
    public const int LoopFailed = 502;

    // 600: Streams
    public const int ConnectionEnded = 600;
    public const int AccessLog = 601;
    public const int RequestFailed = 602;

    // 700: StaticFiles and StaticResponses
    public const int FileRefused = 700;
    public const int FileUnavailable = 701;

    // 800: Udp
    public const int UdpSessionRefused = 800;
    public const int UdpDestinationRefuses = 801;
    public const int UdpReceiveFailed = 802;
    public const int UdpSocketFailed = 803;

    // 820: Socks
    public const int SocksRefused = 820;
    public const int UdpDestinationJudged = 821;
    public const int UdpParentOpened = 822;
    public const int UdpParentFailed = 823;
    public const int UdpAssociated = 824;
    public const int UdpJudgementFailed = 825;
    public const int BindListening = 826;
    public const int BindPeerRefused = 827;

    // 840-859: CONNECT and HTTP of forward proxies
    public const int ForwardHttpAccessLog = 840;
    public const int ForwardHttpRequestEnded = 841;

    // 900: the program (900-919 configuration file, 920-939 lifetime, 940-959 HTTP)
    public const int ConfigFileApplied = 900;
    public const int ConfigFileRejected = 901;
    public const int ConfigFileUnchanged = 902;
    public const int ConfigFileNotWatched = 903;
    public const int ConfigFileApplyFailed = 904;
    public const int ConfigFileRecovered = 905;
    public const int ReloadRequested = 920;
    public const int ReloadSucceeded = 921;
    public const int ReloadFailed = 922;
    public const int Stopping = 923;
    public const int Stopped = 924;
    public const int Started = 925;
    public const int Listening = 926;
    public const int HowToReload = 927;
    public const int FewDescriptors = 928;
    public const int NotListening = 929;
    public const int HowToStop = 930;
    public const int HttpAcceptFailed = 940;

    // 1000: ForwardProxy (1000-1049 the core, 1070-1099 CONNECT and HTTP)
    public const int ForwardAccessLog = 1000;
    public const int ForwardRequestRefused = 1001;
    public const int EgressGuardReport = 1002;
    public const int ForwardAuthenticationFailed = 1003;
    public const int ForwardAccessRevoked = 1004;
    public const int ForwardRevocationFailed = 1005;
}
